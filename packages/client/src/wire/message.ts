import { ScaleSetError } from "../errors.js";
import type { AcquirableJob, JobDetails, JobMessage, RunnerScaleSetMessage } from "../types.js";
import {
  array,
  at,
  bigInteger,
  type Field,
  integer,
  lenient,
  nonEmpty,
  record,
  string,
  strings,
  time,
  UnexpectedShape,
} from "./decode.js";
import { parseJson } from "./json.js";
import { listOf } from "./scale-set.js";
import { statistics } from "./statistics.js";

/** The one kind of message that carries jobs. */
const JOB_MESSAGES = "RunnerScaleSetJobMessages";

/**
 * A message of the queue, whose body is a string that holds a JSON array. One whose id can be read but whose body can't is
 * an error that tells the id, so that it can be given up one day (F12).
 */
export function message(field: Field): RunnerScaleSetMessage {
  record(field);
  const messageId = integer(at(field, "messageId"));
  const messageType = nonEmpty(at(field, "messageType"));
  const jobs = messageType === JOB_MESSAGES ? jobMessages(at(field, "body"), messageId) : [];
  return { messageId, messageType, statistics: statistics(at(field, "statistics")), jobs };
}

export function acquirableJobs(field: Field): readonly AcquirableJob[] {
  return listOf(field, (job) => ({
    ...details(job, bigInteger(at(job, "runnerRequestId"))),
    acquireJobUrl: text(job, "acquireJobUrl"),
  }));
}

export function acquiredIds(field: Field): readonly string[] {
  return listOf(field, bigInteger);
}

/** The ids go back as bare digits, for which a number would be too small. */
export function acquireBody(ids: readonly string[]): string {
  const wrong = ids.find((id) => !/^-?\d{1,19}$/.test(id));
  if (wrong !== undefined) {
    throw new ScaleSetError("CONFIG", "a runnerRequestId is a decimal number of 64 bits", { operation: "acquireJobs" });
  }
  return `[${ids.join(",")}]`;
}

function jobMessages(body: Field, messageId: number): readonly JobMessage[] {
  if (body.value === undefined || body.value === null || body.value === "") return [];
  try {
    return array({ value: parseJson(string(body)), path: body.path }).map(jobMessage);
  } catch (error) {
    if (!(error instanceof UnexpectedShape)) throw error;
    throw new ScaleSetError("PROTOCOL", `message ${messageId} can't be read: ${error.message}`, {
      operation: "getMessage",
      messageId,
      messageBody: typeof body.value === "string" ? body.value : JSON.stringify(body.value),
    });
  }
}

/** Never fails: one strange entry must not keep the other 49 away. */
function jobMessage(field: Field): JobMessage {
  const messageType = text(field, "messageType");
  const runnerRequestId = lenient(at(field, "runnerRequestId"), bigInteger, undefined);
  const job = details(field, runnerRequestId ?? "0");
  switch (messageType) {
    case "JobAvailable":
      // The one kind whose id is needed: to acquire it.
      if (runnerRequestId === undefined) return { messageType: "unknown", kind: messageType, raw: field.value };
      return { messageType, ...job, acquireJobUrl: text(field, "acquireJobUrl") };
    case "JobAssigned":
      return { messageType, ...job };
    case "JobStarted":
      return { messageType, ...job, ...runnerOf(field) };
    case "JobCompleted":
      return { messageType, ...job, ...runnerOf(field), result: text(field, "result") };
    default:
      return { messageType: "unknown", kind: messageType, raw: field.value };
  }
}

function details(field: Field, runnerRequestId: string): JobDetails {
  return {
    runnerRequestId,
    repositoryName: text(field, "repositoryName"),
    ownerName: text(field, "ownerName"),
    jobId: text(field, "jobId"),
    jobWorkflowRef: text(field, "jobWorkflowRef"),
    jobDisplayName: text(field, "jobDisplayName"),
    workflowRunId: lenient(at(field, "workflowRunId"), bigInteger, "0"),
    eventName: text(field, "eventName"),
    requestLabels: lenient(at(field, "requestLabels"), strings, []),
    queueTime: time(at(field, "queueTime")),
    scaleSetAssignTime: time(at(field, "scaleSetAssignTime")),
    runnerAssignTime: time(at(field, "runnerAssignTime")),
    finishTime: time(at(field, "finishTime")),
  };
}

function runnerOf(field: Field): { readonly runnerId: number; readonly runnerName: string } {
  return { runnerId: lenient(at(field, "runnerId"), integer, 0), runnerName: text(field, "runnerName") };
}

function text(field: Field, key: string): string {
  return lenient(at(field, key), string, "");
}
