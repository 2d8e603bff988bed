import { withoutLastSlashes } from "../http/slashes.js";

/** The queue's URL comes with a query that must stay as it is: it is added to as text, since re-encoding could change it. */
export function pollUrl(queue: URL, lastMessageId: number): URL {
  const url = new URL(queue);
  if (lastMessageId <= 0) return url;
  const query = `lastMessageId=${lastMessageId}`;
  url.search = url.search === "" ? `?${query}` : `${url.search}&${query}`;
  return url;
}

/** Where one message is acknowledged: below the queue's path, its query kept. */
export function messageUrl(queue: URL, messageId: number): URL {
  const url = new URL(queue);
  url.pathname = `${withoutLastSlashes(queue.pathname)}/${messageId}`;
  return url;
}
