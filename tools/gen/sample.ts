// A contract that uses all that the generator supports, for its tests.

export const samplePath = 'purser/samples/v1/sample.proto';

export const sampleContract = `
syntax = "proto3";
package purser.samples.v1;

import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/api/resource.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "purser/api/v1/annotations.proto";
import "purser/type/v1/money.proto";

enum Size {
  SIZE_UNSPECIFIED = 0;
  SMALL = 1;
  LARGE = 5;
}

message Sample {
  message Part {
    string title = 1 [(google.api.field_behavior) = REQUIRED];
    repeated Part parts = 2 [(purser.api.v1.limits).max_items = 2];
    purser.type.v1.Money price = 3 [(purser.api.v1.limits) = {min: -5, max: 5}];
  }
  string title = 1 [(purser.api.v1.limits) = {min_length: 2, max_length: 4, pattern: "^[^/]+$"}];
  bool is_new = 2;
  int32 count = 3 [(purser.api.v1.limits) = {min: -10}];
  sint32 shift_1 = 4;
  uint32 weight = 5 [(purser.api.v1.limits).max = 7];
  int64 serial = 6 [(purser.api.v1.limits) = {min: -9223372036854775808, max: 10}];
  uint64 big_serial = 7;
  bytes content = 8;
  Size size = 9;
  google.protobuf.Timestamp make_time = 10;
  google.protobuf.Duration run_time = 11;
  Part part = 12;
  repeated Part parts = 13 [(purser.api.v1.limits).max_items = 2];
  repeated string tags = 14 [(purser.api.v1.limits) = {max_items: 3, max_length: 3}];
  repeated int64 serials = 15 [(purser.api.v1.limits).max = 10];
  repeated Size sizes = 16;
  optional string note = 17;
  optional int32 rank = 18 [(purser.api.v1.limits).min = 1];
  optional Size fallback_size = 19;
  repeated bytes blobs = 20;
  repeated google.protobuf.Timestamp times = 21;
  string constructor = 22;
  google.protobuf.Struct extra = 23 [(purser.api.v1.limits).max_bytes = 60];
}

message Resource {
  option (google.api.resource) = {
    type: "purser/Part"
    pattern: "samples/{sample}/parts/{the_part}"
  };
  string name = 1 [(google.api.field_behavior) = IDENTIFIER];
  string title = 2 [(google.api.field_behavior) = REQUIRED];
  bool is_new = 3 [(google.api.field_behavior) = REQUIRED];
  int32 version = 4 [(google.api.field_behavior) = OUTPUT_ONLY];
  Size size = 5 [(google.api.field_behavior) = REQUIRED];
  repeated string tags = 6 [(google.api.field_behavior) = REQUIRED];
  google.protobuf.Timestamp make_time = 7 [(google.api.field_behavior) = REQUIRED];
  string etag = 8 [(google.api.field_behavior) = OUTPUT_ONLY];
}

service SampleService {
  rpc EchoSample(EchoSampleRequest) returns (Sample) {
    option (google.api.http) = {post: "/v1/samples", body: "sample"};
  }
  rpc CreateResource(CreateResourceRequest) returns (Resource) {
    option (google.api.http) = {post: "/v1/resources", body: "resource"};
  }
  rpc RenamePart(RenamePartRequest) returns (Resource) {
    option (google.api.http) = {put: "/v1/{name=samples/*/parts/*}:rename", body: "*"};
  }
  rpc ListSamples(ListSamplesRequest) returns (ListSamplesResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = {get: "/v1/samples"};
  }
  rpc DeletePart(DeletePartRequest) returns (google.protobuf.Empty) {
    option idempotency_level = IDEMPOTENT;
    option (google.api.http) = {delete: "/v1/{name=samples/*}/part"};
  }
  rpc GetOutcome(GetOutcomeRequest) returns (Resource) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = {get: "/v1/requests/{request_id}"};
  }
  rpc RetryRequest(RetryRequestRequest) returns (google.protobuf.Empty) {
    option (google.api.http) = {post: "/v1/requests/{request_id}:retry"};
  }
  rpc CountSamples(google.protobuf.Empty) returns (Sample);
  rpc WatchSamples(WatchSamplesRequest) returns (stream Sample);
}

message EchoSampleRequest {
  Sample sample = 1;
}

message CreateResourceRequest {
  Resource resource = 1 [(google.api.field_behavior) = REQUIRED];
  bool dry_run = 2;
  string request_id = 3 [(purser.api.v1.limits).max_length = 8];
}

message RenamePartRequest {
  string name = 1 [(google.api.resource_reference).type = "purser/Part"];
  string title = 2 [(google.api.field_behavior) = REQUIRED];
  int64 serial = 3 [(google.api.field_behavior) = REQUIRED];
  string request_id = 4;
  string etag = 5 [(purser.api.v1.limits).max_length = 8];
}

message ListSamplesRequest {
  int32 page_size = 1;
  string page_token = 2;
  bool is_new = 3;
  uint32 weight = 4;
  int64 serial = 5;
  Size size = 6;
  google.protobuf.Timestamp make_time = 7;
  repeated string tags = 8;
  optional string note = 9;
}

message ListSamplesResponse {
  repeated Sample samples = 1;
  string next_page_token = 2;
  repeated string etag = 3;
}

message DeletePartRequest {
  string name = 1;
  string etag = 2;
}

message RetryRequestRequest {
  string request_id = 1;
}

message WatchSamplesRequest {
  string filter = 1 [(purser.api.v1.limits).max_length = 8];
}

message GetOutcomeRequest {
  string request_id = 1 [(google.api.field_behavior) = REQUIRED];
  string etag = 2;
}
`;
