/**
 * Fields of a request that a REST caller sends as a header and in no other way, by their names in
 * the contract. They count only where the method changes something and the path does not hold them.
 */
export const headerFields = { request_id: 'Idempotency-Key', etag: 'If-Match' } as const;
