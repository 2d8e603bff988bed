export { abortable } from "./abortable.js";
export type { Clock, Deadline, Random } from "./clock.js";
export * from "./contract.js";
export { EventFeed } from "./event-feed.js";
export { isInstanceName } from "./instance-name.js";
export { messageOf } from "./message-of.js";
