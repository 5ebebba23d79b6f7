import type { Statement, Tx } from '#lib/pg/transaction.ts';

/**
 * Locks: the users' rows of `live_sockets`, in the order of the user ids. What instances hold whose
 * lease is over is left out, and goes. Uses the primary keys of both tables. Outcome: how many
 * sockets the instance holds for the user from now on: as many as it wanted, or as are left by the
 * others.
 */
const holdSocketsStatement: Statement = {
  name: 'hold_sockets',
  text: `
    insert into live_sockets as held (user_id, holders)
    select user_id, array_fill($3::uuid, array[least(wanted, $4::int)])
    from unnest($1::text[], $2::int[]) as wish (user_id, wanted) order by user_id
    on conflict (user_id) do update set holders = (
      select others.ids || excluded.holders[1 : $4 - cardinality(others.ids)]
      from (
        select coalesce(array_agg(holder), '{}') as ids
        from unnest(held.holders) as holder
        join live_instances on instance_id = holder
        where holder <> $3 and lease_until > clock_timestamp()
      ) as others
    )
    returning user_id as "userId", cardinality(array_positions(holders, $3)) as count`,
};

/** How many of each user's sockets the instance may hold; `wanted` has each user once. */
export async function holdSockets(
  tx: Tx,
  { instanceId, wanted, max }: { instanceId: string; wanted: Map<string, number>; max: number },
): Promise<Map<string, number>> {
  const rows = await tx.query<{ userId: string; count: number }>(holdSocketsStatement, [
    [...wanted.keys()],
    [...wanted.values()],
    instanceId,
    max,
  ]);
  return new Map(rows.map(({ userId, count }) => [userId, count]));
}

/** Locks the instance's own row. Outcome: whether it has held the lease since the last time. */
const renewInstanceStatement: Statement = {
  name: 'renew_instance',
  text: `
    with before as (
      select lease_until > clock_timestamp() as held from live_instances where instance_id = $1
    )
    insert into live_instances (instance_id, lease_until)
    values ($1, clock_timestamp() + $2 * interval '1 millisecond')
    on conflict (instance_id) do update set lease_until = excluded.lease_until
    returning coalesce((select held from before), false) as held`,
};

export async function renewInstance(
  tx: Tx,
  { instanceId, leaseMs }: { instanceId: string; leaseMs: number },
): Promise<boolean> {
  const [row] = await tx.query<{ held: boolean }>(renewInstanceStatement, [instanceId, leaseMs]);
  return row?.held ?? false;
}

/** Locks the instance's own row: what it held is nobody's from now on. */
const releaseInstanceStatement: Statement = {
  name: 'release_instance',
  text: `delete from live_instances where instance_id = $1`,
};

export async function releaseInstance(tx: Tx, instanceId: string): Promise<void> {
  await tx.query(releaseInstanceStatement, [instanceId]);
}

/**
 * Locks the rows that it deletes, and leaves out those that others have locked: instances without a
 * lease, and users whose sockets are all gone, or were held by such instances.
 */
const forgetSocketsStatement: Statement = {
  name: 'forget_sockets',
  text: `
    with ended as (
      delete from live_instances where lease_until < clock_timestamp() - interval '1 minute'
    ), unused as (
      select user_id from live_sockets
      where not exists (
        select from live_instances
        where instance_id = any(holders) and lease_until > clock_timestamp()
      )
      for update skip locked
    )
    delete from live_sockets using unused where live_sockets.user_id = unused.user_id`,
};

export async function forgetSockets(tx: Tx): Promise<void> {
  await tx.query(forgetSocketsStatement, []);
}
