import type { DescFile } from '@bufbuild/protobuf';
import { readCatalogue } from '../emit-tables.ts';
import { buildModel } from '../model.ts';
import type { Model } from '../model.ts';
import type { Module } from '../module.ts';
import type { Options } from '../options.ts';
import { emitClients } from './emit-clients.ts';
import { emitReaders } from './emit-readers.ts';
import { emitReasons } from './emit-reasons.ts';
import { emitTypes, sdkTypes } from './emit-types.ts';
import { sdkNames } from './sdk-names.ts';

/**
 * gen/sdk/: the part of the SDK that follows from the contracts, whose runtime is sdk/src; and
 * gen/sdk/operator/ alike for the services that are for operators, which programs of users are
 * spared.
 */
export function emitSdk(files: readonly DescFile[], options: Options): Module[] {
  return [
    ...emitPart('sdk', buildModel(files, options, 'user'), options),
    ...emitPart('sdk/operator', buildModel(files, options, 'operator'), options),
    emitReasons(readCatalogue(files, options)),
  ];
}

function emitPart(folder: string, model: Model, options: Options): Module[] {
  const rpcs = model.rpcs.filter(({ http }) => http !== undefined);
  const names = sdkNames(folder, rpcs, sdkTypes(model), options);
  return [
    emitTypes(model, names, options),
    emitReaders(model, names, options),
    emitClients(model, names, options),
  ];
}
