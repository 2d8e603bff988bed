export type { Clock, Deadline, Random } from "./clock.js";
