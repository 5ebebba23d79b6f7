import { type Entry, Entry_Kind } from '#gen/purser/payments/v1/account.ts';
import type {
  ListEntriesRequest,
  ListEntriesResponse,
} from '#gen/purser/payments/v1/account_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { enumNames } from '#lib/contract/enum-names.ts';
import { parseFilter } from '#lib/paging/filter.ts';
import { pageSize, readPageToken, takePage, writePageToken } from '#lib/paging/page.ts';
import { isVersion } from '#lib/paging/is-version.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { AccountRow } from '../schema/account.ts';
import { TransferRow } from '../schema/transfer.ts';

const filterFields = {
  kind: { property: 'kind', names: enumNames(Entry_Kind) },
  create_time: { property: 'createTime' },
};

/** Newest first by ledger version, which counts a wallet's entries without a gap. */
export function listEntries({
  database,
}: ServiceDeps): Handler<ListEntriesRequest, ListEntriesResponse> {
  return async (request, { userId, signal }) => {
    const condition = parseFilter(request.filter, filterFields);
    const scope = ['ListEntries', userId, JSON.stringify(condition ?? {})];
    const before = readPageToken(request.pageToken, scope, isVersion);
    const reader = database.reader(signal);
    const account = await reader.findOne(AccountRow, { userId }, { fields: ['id'] });
    if (!account) throw new PurserError('ACCOUNT_NOT_FOUND');
    const size = pageSize(request.pageSize);
    const older = before ? { ledgerVersion: { $lt: BigInt(before) } } : {};
    const rows = await reader.find(
      TransferRow,
      { $and: [{ accountId: account.id }, condition ?? {}, older] },
      { orderBy: { ledgerVersion: 'desc' }, limit: size + 1 },
    );
    const { page, lastKey } = takePage(rows, size, ({ ledgerVersion }) => String(ledgerVersion));
    return {
      entries: page.map(entryMessage),
      nextPageToken: lastKey ? writePageToken(lastKey, scope) : '',
    };
  };
}

function entryMessage(row: TransferRow): Entry {
  const { currencyCode } = row;
  const incoming = row.creditAccountId === row.accountId;
  return {
    amount: { currencyCode, amountMinor: incoming ? row.amountMinor : -row.amountMinor },
    balanceAfter: { currencyCode, amountMinor: row.balanceAfterMinor },
    ledgerVersion: row.ledgerVersion,
    kind: Entry_Kind[row.kind],
    order: row.orderId ? orderName(row.orderId) : '',
    createTime: row.createTime,
  };
}
