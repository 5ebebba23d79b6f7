import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { TransferKind } from '../domain/ledger.ts';

/** A transfer between a wallet and a system account, as the statement reads it. */
export const TransferRow = defineEntity({
  name: 'TransferRow',
  tableName: 'transfers',
  properties: {
    accountId: p.uuid().primary(),
    ledgerVersion: p.bigint().primary(),
    kind: p.text().$type<TransferKind>(),
    debitAccountId: p.uuid(),
    creditAccountId: p.uuid(),
    amountMinor: p.bigint(),
    currencyCode: p.text(),
    balanceAfterMinor: p.bigint(),
    orderId: p.uuid().nullable(),
    createTime: p.datetime(3),
  },
});

export type TransferRow = InferEntity<typeof TransferRow>;
