// A step of the images' build (deploy/Dockerfile). Without it every container would load the
// TypeScript compiler, so an image without all of it is none.
import { compileServices } from '../start/compile-services.ts';

/** Some seconds on an idle machine; a build shares it with others. */
const timeoutMs = 300_000;

const missing = await compileServices({ timeoutMs });
if (missing.length > 0) {
  process.stderr.write(`Not compiled within ${timeoutMs / 1_000} s: ${missing.join(', ')}.\n`);
  process.exitCode = 1;
}
