// Compiles the code of the launcher and of every service into the folder NODE_COMPILE_CACHE, and
// ends.
import './launch.ts';
import { compileServices } from './compile-services.ts';

await compileServices({ timeoutMs: 20_000 });
