import { absentInbox, readInbox } from './read-inbox.ts';
import type { InboxPage } from './read-inbox.ts';

/** Speaks with the notifications of one user. A system without them is asked once. */
export class InboxClient {
  readonly #headers: Readonly<Record<string, string>>;
  #isAbsent = false;

  constructor(userId: string) {
    this.#headers = { 'content-type': 'application/json', 'x-user-id': userId };
  }

  /** Newest first. */
  async list(
    { pageToken, pageSize }: { pageToken: string; pageSize: number },
    signal: AbortSignal,
  ): Promise<InboxPage> {
    if (this.#isAbsent) return absentInbox;
    const query = new URLSearchParams({ pageSize: String(pageSize), pageToken });
    const { 'x-user-id': user = '' } = this.#headers;
    const answer = await fetch(`/v1/notifications?${query}`, {
      headers: { 'x-user-id': user },
      signal,
    });
    if (answer.status === 404) {
      this.#isAbsent = true;
      return absentInbox;
    }
    if (!answer.ok) throw new Error(`GET /v1/notifications: ${answer.status}`);
    return readInbox(await answer.json());
  }

  /** Marks as read what came at the moment or before it; doing it again changes nothing. */
  async markRead(until: Date): Promise<void> {
    const answer = await fetch('/v1/notifications:markRead', {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ readUntil: until.toISOString() }),
    });
    if (!answer.ok) throw new Error(`POST /v1/notifications:markRead: ${answer.status}`);
  }
}
