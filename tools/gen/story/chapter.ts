/** A part of the story, a folder of the collection. */
export interface Chapter {
  title: string;
  steps: Step[];
}

/** One request and what must come of it. `{{name}}` in any text is a variable's value. */
export interface Step {
  /** What happens; no two steps may say the same. */
  title: string;
  /** Operation id of the OpenAPI document. */
  operation: string;
  /** Path parameters. */
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  /** The body; where it is left out, the operation's example, and none where that has none. */
  body?: unknown;
  /** Leaves out the header X-User-Id. */
  anonymous?: boolean;
  /** What it answers with; where it is left out, anything that the reference lists below 500. */
  status?: number;
  /** Members of the answer, by path: `entries[0].kind`. */
  expect?: Readonly<Record<string, unknown>>;
  /** Repeats the request until these members of the answer are so. */
  until?: Readonly<Record<string, unknown>>;
  /** Variables that get a member of the answer; of a resource name its last part. */
  save?: Readonly<Record<string, string>>;
}
