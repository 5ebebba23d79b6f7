import type { Json } from '../openapi/json.ts';
import { httpFile } from './http-file.ts';
import { postmanCollection } from './postman.ts';
import { tell } from './requests.ts';
import { story } from './story.ts';

/** The OpenAPI document and what is made of it, by path in gen/. */
export function emitDocuments(document: Json): [path: string, text: string][] {
  const chapters = tell(story, document);
  return [
    ['openapi.json', toText(document)],
    ...(chapters === undefined
      ? []
      : ([
          ['purser.postman_collection.json', toText(postmanCollection(chapters, document))],
          ['purser.http', httpFile(chapters).trimEnd()],
        ] as [string, string][])),
  ];
}

function toText(json: Json): string {
  return JSON.stringify(json, undefined, 2);
}
