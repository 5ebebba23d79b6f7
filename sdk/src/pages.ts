/** One page of a list. */
export interface Page<Item, Response> {
  items: Item[];
  /** Where the next page begins; empty when this one is the last. */
  nextPageToken: string;
  /** The whole answer. */
  response: Response;
}

/**
 * A list that is asked for a page at a time, as far as it is read:
 * `for await (const order of purser.orders.list())`. Every loop begins anew.
 */
export interface Pages<Item, Response> extends AsyncIterable<Item> {
  /** The first page, or the one of the given `pageToken`. */
  page(): Promise<Page<Item, Response>>;
  /** All pages, one after the other. */
  byPage(): AsyncIterable<Page<Item, Response>>;
}

interface PagesOptions<Item, Response> {
  ask(pageToken: string | undefined): Promise<Response>;
  items(response: Response): Item[];
  /** Where to begin; undefined for the start. */
  pageToken: string | undefined;
}

export function pagesOf<Item, Response extends { nextPageToken: string }>(
  options: PagesOptions<Item, Response>,
): Pages<Item, Response> {
  async function get(pageToken: string | undefined): Promise<Page<Item, Response>> {
    const response = await options.ask(pageToken);
    const { nextPageToken } = response;
    return { items: options.items(response), nextPageToken, response };
  }
  async function* byPage() {
    let page = await get(options.pageToken);
    yield page;
    while (page.nextPageToken !== '') {
      page = await get(page.nextPageToken);
      yield page;
    }
  }
  return {
    page: () => get(options.pageToken),
    byPage,
    async *[Symbol.asyncIterator]() {
      for await (const page of byPage()) yield* page.items;
    },
  };
}
