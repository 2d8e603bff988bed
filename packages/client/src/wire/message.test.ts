import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isScaleSetError } from "../errors.js";
import { UnexpectedShape } from "./decode.js";
import { parseJson } from "./json.js";
import { acquireBody, message } from "./message.js";

const KINDS = ["JobAvailable", "JobAssigned", "JobStarted", "JobCompleted"] as const;

function decode(raw: string): ReturnType<typeof message> {
  return message({ value: parseJson(raw), path: "answer" });
}

function raw(body: unknown, rest: object = {}): string {
  return JSON.stringify({ messageId: 1, messageType: "RunnerScaleSetJobMessages", statistics: null, body, ...rest });
}

describe("a message of the queue", () => {
  test("comes out as it went in, ids whole, times as dates", () => {
    const int64 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const date = fc.date({ min: new Date("1970-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
    const job = fc.record({ kind: fc.constantFrom(...KINDS), id: int64, run: int64, name: fc.string(), queued: date });
    fc.assert(
      fc.property(fc.array(job, { maxLength: 50 }), (jobs) => {
        const entries = jobs.map(
          ({ kind, id, run, name, queued }) =>
            `{"messageType":"${kind}","runnerRequestId":${id},"workflowRunId":${run},"jobDisplayName":${JSON.stringify(name)},"queueTime":"${queued.toISOString()}","finishTime":"0001-01-01T00:00:00Z"}`,
        );
        const decoded = decode(raw(`[${entries.join(",")}]`));
        expect(decoded.jobs).toMatchObject(
          jobs.map(({ kind, id, run, name, queued }) => ({
            messageType: kind,
            runnerRequestId: String(id),
            workflowRunId: String(run),
            jobDisplayName: name,
            queueTime: queued,
            finishTime: undefined,
          })),
        );
      }),
    );
  });

  test("of any content is a message or a named error", () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        messageId: fc.jsonValue(),
        messageType: fc.jsonValue(),
        body: fc.jsonValue(),
        statistics: fc.jsonValue(),
      }),
    );
    fc.assert(
      fc.property(anything, (value) => {
        try {
          message({ value, path: "answer" });
        } catch (error) {
          if (!(error instanceof UnexpectedShape) && !isScaleSetError(error, "PROTOCOL")) throw error;
        }
      }),
    );
  });

  test("whose jobs are of any content has as many entries, the strange ones unknown", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 20 }), (entries) => {
        expect(decode(raw(JSON.stringify(entries))).jobs).toHaveLength(entries.length);
      }),
    );
    const kinds = decode(
      raw('[{"messageType":"JobExploded","runnerRequestId":1},7,{"messageType":"JobAvailable"}]'),
    ).jobs;
    expect(kinds).toEqual([
      { messageType: "unknown", kind: "JobExploded", raw: { messageType: "JobExploded", runnerRequestId: 1 } },
      { messageType: "unknown", kind: "", raw: 7 },
      { messageType: "unknown", kind: "JobAvailable", raw: { messageType: "JobAvailable" } },
    ]);
  });

  test("without a body, or of another kind, has no jobs", () => {
    for (const body of [undefined, null, "", "[]"]) expect(decode(raw(body)).jobs).toEqual([]);
    expect(decode(raw("{", { messageType: "SomethingNew" }))).toMatchObject({ messageType: "SomethingNew", jobs: [] });
  });

  test("whose body can't be read tells its id, so that it can be given up", () => {
    for (const body of ['[{"a":', "{}", 7]) {
      expect(() => decode(raw(body))).toThrow(expect.objectContaining({ code: "PROTOCOL", messageId: 1 }));
    }
  });

  test("without readable statistics has none: a null must not read as nobody waiting (F10)", () => {
    expect(decode(raw("")).statistics).toBeUndefined();
    expect(decode(raw("", { statistics: {} })).statistics).toBeUndefined();
    expect(decode(raw("", { statistics: { totalAssignedJobs: "3" } })).statistics).toBeUndefined();
    expect(decode(raw("", { statistics: { totalAssignedJobs: 3 } })).statistics).toMatchObject({
      totalAssignedJobs: 3,
      totalIdleRunners: 0,
    });
  });

  test("acquiring sends digits and nothing else", () => {
    expect(acquireBody(["1", "9223372036854775807"])).toBe("[1,9223372036854775807]");
    expect(() => acquireBody(["1],[2"])).toThrow("64 bits");
  });
});
