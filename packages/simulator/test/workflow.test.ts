import { runSimulatedRunner, WorkflowError } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { readWorkflow } from "../src/workflow/read-workflow.js";
import { world } from "./raw-client.js";

const ci = `
name: ci
on: [push]
env: { COLOUR: blue, SIZE: 3 }
jobs:
  report:
    needs: [test]
    runs-on: linux
    steps: [{ run: echo done }]
  test:
    name: test on \${{ matrix.os }} with \${{ matrix.node }}
    needs: build
    runs-on: \${{ matrix.os }}
    strategy:
      matrix:
        os: [linux, mac]
        node: [20, 22]
        exclude: [{ os: mac, node: 20 }]
        include: [{ os: linux, extra: "yes" }, { os: windows, node: 24 }]
    steps:
      - name: say \${{ matrix.node }}
        env: { WHICH: "\${{ matrix.os }}-\${{ env.COLOUR }}" }
        run: echo $WHICH
  build:
    runs-on: [linux, x64]
    env: { COLOUR: red }
    steps:
      - run: |
          make \${{ env.COLOUR }}
          make install
`;

test("jobs of a workflow file come with their matrix, their environment, and those first that others need", () => {
  const jobs = readWorkflow(ci);
  expect(jobs.map(({ key }) => key)).toEqual([
    "build",
    "test (linux, 20, yes)",
    "test (linux, 22, yes)",
    "test (mac, 22)",
    "test (windows, 24)",
    "report",
  ]);
  expect(jobs[0]).toMatchObject({
    runsOn: ["linux", "x64"],
    steps: [{ name: "Run make red", script: "make red\nmake install\n", env: { COLOUR: "red", SIZE: "3" } }],
  });
  expect(jobs[3]).toMatchObject({
    name: "test on mac with 22",
    needs: ["build"],
    runsOn: ["mac"],
    steps: [{ name: "say 22", env: { WHICH: "mac-blue", COLOUR: "blue" } }],
  });
  expect(jobs[5]?.needs).toHaveLength(4);
});

describe("anything else is refused by its name and place", () => {
  const job = (more: string) => `jobs:\n  a:\n    runs-on: linux\n    steps: [{ run: ls }]\n    ${more}\n`;
  test.each([
    [
      "an action",
      "jobs:\n  a:\n    runs-on: linux\n    steps:\n      - uses: actions/checkout@v4\n",
      /^w\.yml:5:9 jobs\.a\.steps\[0\]\.uses: uses is not supported/,
    ],
    ["a condition", job("if: always()"), /^w\.yml:5:5 jobs\.a\.if: if is not supported/],
    ["services", job("services: {}"), /jobs\.a\.services/],
    ["a fail-fast", job("strategy: { fail-fast: false }"), /strategy\.fail-fast/],
    [
      "another expression",
      "jobs:\n  a:\n    runs-on: linux\n    steps: [{ run: 'echo ${{ github.sha }}' }]\n",
      /jobs\.a\.steps\[0\]\.run: the expression \$\{\{ github\.sha \}\} is not supported/,
    ],
    ["an unknown need", job("needs: b"), /there is no job b/],
    [
      "a circle",
      "jobs:\n  a: { runs-on: x, needs: b, steps: [{ run: ls }] }\n  b: { runs-on: x, needs: a, steps: [{ run: ls }] }\n",
      /need each other/,
    ],
    ["no runs-on", "jobs:\n  a:\n    steps: [{ run: ls }]\n", /a job needs runs-on/],
    ["no steps", "jobs:\n  a: { runs-on: x }\n", /a job needs steps/],
    ["an empty matrix", job("strategy: { matrix: { os: [] } }"), /matrix\.os: must be a list/],
    ["no jobs", "name: x\n", /a workflow needs jobs/],
    ["broken YAML", "jobs: [\n", /^w\.yml:\d+:\d+ /],
    ["an empty file", "", /must be a mapping/],
  ])("%s", (_what, text, expected) => {
    expect(() => readWorkflow(text, "w.yml")).toThrow(WorkflowError);
    expect(() => readWorkflow(text, "w.yml")).toThrow(expected);
  });

  test("all of it at once", () => {
    const text =
      "jobs:\n  a:\n    runs-on: linux\n    timeout-minutes: 3\n    steps: [{ uses: x }, { shell: bash, run: ls }]\n";
    expect(() => readWorkflow(text)).toThrow(/timeout-minutes[\s\S]*uses[\s\S]*shell/);
  });
});

test("a workflow's jobs are queued as those they need succeed, and skipped when one fails", async () => {
  const it = await world();
  const setId = await it.client.createSet();
  const session = await it.client.openSession(setId);
  const listening = new AbortController();
  const poll = async (): Promise<void> => {
    for (let last = 0; !listening.signal.aborted; ) {
      const answer = await it.client.poll(session, { last, signal: listening.signal }).catch(() => undefined);
      if (answer?.status === 200) last = answer.body.messageId;
    }
  };
  const polling = poll();
  const step = (run: string) => `{ runs-on: linux, steps: [{ run: ${run} }] }`;
  const queued = it.simulator.queueWorkflow(
    `jobs:\n  a: ${step("ls")}\n  b: { needs: a, runs-on: linux, steps: [{ run: ls }] }\n  c: { needs: b, runs-on: linux, steps: [{ run: ls }] }\n`,
  );
  expect(queued).toMatchObject({ jobs: { a: expect.any(Number) }, waiting: ["b", "c"], skipped: [] });
  const runner = async (name: string) =>
    runSimulatedRunner({ jitConfig: await it.client.jit(setId, name), fetch: it.simulator.fetch, clock: it.clock });
  await it.clock.runUntilSettled(runner("r-1"));
  await it.clock.drain();
  const [first, second] = it.simulator.jobs();
  expect([first?.result, second?.workflowRunId]).toEqual(["succeeded", queued.workflowRunId]);
  it.simulator.cancelJob(second?.id ?? 0);
  await it.clock.runFor(60_000);
  expect(it.simulator.summary()).toMatchObject({ queued: 2, succeeded: 1, cancelled: 1, open: 0 });
  listening.abort();
  await polling;
  await it.simulator.close();
});
