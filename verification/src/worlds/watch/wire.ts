/** Answers of the service as they stood on the line, read by the protocol alone. */

export interface Counts {
  readonly available: number;
  readonly assigned: number;
  readonly running: number;
  readonly busy: number;
  readonly idle: number;
}

interface JobMessage {
  readonly kind: string;
  readonly jobId: string;
  /** As text: ids may pass 2^53. */
  readonly requestId: string;
  /** Empty where it names none. */
  readonly runnerName: string;
}

export interface MessageSeen {
  readonly messageId: number;
  readonly statistics: Counts | undefined;
  /** Undefined where the body can't be read. */
  readonly jobs: readonly JobMessage[] | undefined;
}

export function messageIn(body: string | undefined): MessageSeen | undefined {
  const parsed = objectIn(body);
  if (parsed?.["messageId"] === undefined) return undefined;
  const { messageId, statistics, body: jobs } = parsed;
  return { messageId: Number(messageId), statistics: countsOf(statistics), jobs: jobsIn(jobs) };
}

/** A session as an opening or a refresh answers it; undefined where it can't be used (protocol.md, F5). */
export function sessionIn(body: string | undefined): { readonly statistics: Counts | undefined } | undefined {
  const parsed = objectIn(body);
  if (parsed === undefined || typeof parsed["messageQueueUrl"] !== "string" || parsed["messageQueueUrl"] === "") {
    return undefined;
  }
  return { statistics: countsOf(parsed["statistics"]) };
}

/** The statistics of a scale set. */
export function statisticsIn(body: string | undefined): Counts | undefined {
  return countsOf(objectIn(body)?.["statistics"]);
}

/** Whether an answer holds a JIT config. */
export function hasJitConfig(body: string | undefined): boolean {
  return typeof objectIn(body)?.["encodedJITConfig"] === "string";
}

/** Whose session stands in the way, by the message of a 409; undefined where it names no owner. */
export function holderIn(body: string | undefined): string | undefined {
  const holder = /for owner ([^"]+?)\.?"/.exec(body ?? "")?.[1];
  return holder === "." ? undefined : holder;
}

function jobsIn(text: unknown): JobMessage[] | undefined {
  if (text === "") return [];
  if (typeof text !== "string") return undefined;
  const list = readJson(text.replace(/"runnerRequestId":\s*(\d+)/g, '"runnerRequestId":"$1"'));
  if (!Array.isArray(list)) return undefined;
  return list.map((each: unknown) => {
    const fields = isObject(each) ? each : {};
    const words = (name: string): string => String(fields[name] ?? "");
    return {
      kind: words("messageType"),
      jobId: words("jobId"),
      requestId: words("runnerRequestId"),
      runnerName: words("runnerName"),
    };
  });
}

function countsOf(value: unknown): Counts | undefined {
  if (!isObject(value)) return undefined;
  const count = (name: string): number => Number(value[name] ?? 0);
  return {
    available: count("totalAvailableJobs"),
    assigned: count("totalAssignedJobs"),
    running: count("totalRunningJobs"),
    busy: count("totalBusyRunners"),
    idle: count("totalIdleRunners"),
  };
}

function objectIn(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const parsed = parse(text);
  return isObject(parsed) ? parsed : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One answer is read by several judges, one after the other; none of them changes what was read. */
let newest: { readonly text: string | undefined; readonly value: unknown } = { text: undefined, value: undefined };

function parse(text: string | undefined): unknown {
  if (text !== newest.text) newest = { text, value: readJson(text ?? "") };
  return newest.value;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}
