import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Answer } from './http.ts';

/** The demo user begins with 1,000.00 USD. */
const currencyCode = 'USD';
const amountMinor = '100000';

const attemptsMax = 20;

export interface Gateway {
  host: string;
  port: number;
}

/**
 * Gives the user `demo` an account with money, by the same calls that anybody would make. The keys
 * are fixed, so a start that was killed between the calls cannot pay twice; a later start finds the
 * account's history and leaves it alone.
 */
export async function seedDemoUser(gateway: Gateway): Promise<void> {
  const found = await calmly(gateway, 'GET', '/v1/account');
  if (found.status === 200) {
    const { ledgerVersion } = JSON.parse(found.body) as { ledgerVersion?: string };
    if (ledgerVersion !== undefined && ledgerVersion !== '0') return;
  } else {
    await mustSucceed(gateway, '/v1/account', 'demo-account', { currencyCode });
  }
  const amount = { currencyCode, amountMinor };
  await mustSucceed(gateway, '/v1/account:topUp', 'demo-top-up', { amount });
}

async function mustSucceed(
  gateway: Gateway,
  path: string,
  key: string,
  body: unknown,
): Promise<void> {
  const answer = await calmly(gateway, 'POST', path, key, JSON.stringify(body));
  if (answer.status >= 300) {
    throw new Error(`The demo user could not be made: POST ${path} answered ${answer.body}`);
  }
}

/** Repeats what a system that has just started refuses: no answer, or one that says "not yet". */
async function calmly(
  gateway: Gateway,
  method: string,
  path: string,
  key?: string,
  body?: string,
): Promise<Answer> {
  const headers = {
    'x-user-id': 'demo',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await call({ ...gateway, method, path, headers, ...(body ? { body } : {}) });
      if (answer.status < 500 || attempt === attemptsMax) return answer;
    } catch (error) {
      if (attempt === attemptsMax) throw error;
    }
    await sleep(250);
  }
}
