import { appendFile } from 'node:fs/promises';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';

/**
 * Appends spans to a file in the format of OpenTelemetry's file exporter: each line is one
 * ExportTraceServiceRequest in OTLP's JSON. Any number of processes may share the file: a line is
 * written in one append.
 */
export class FileExporter implements SpanExporter {
  readonly #path: string;
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    const bytes = JsonTraceSerializer.serializeRequest(spans);
    if (bytes === undefined) return done({ code: 1, error: new Error('no JSON of the spans') });
    this.#written = this.#append(bytes, done);
  }

  async #append(bytes: Uint8Array, done: Parameters<SpanExporter['export']>[1]): Promise<void> {
    try {
      await appendFile(this.#path, `${new TextDecoder().decode(bytes)}\n`);
      done({ code: 0 });
    } catch (error) {
      done({ code: 1, error: error as Error });
    }
  }

  async shutdown(): Promise<void> {
    await this.#written;
  }
}
