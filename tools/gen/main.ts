// The plugin that buf runs: a CodeGeneratorRequest comes in, a CodeGeneratorResponse goes out.
import { runNodeJs } from '@bufbuild/protoplugin';
import { plugin } from './plugin.ts';

runNodeJs(plugin);
