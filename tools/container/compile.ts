// A step of the images' build (deploy/Dockerfile). Without it every container would load the
// TypeScript compiler.
import { compileServices } from '../start/compile-services.ts';

await compileServices();
