import { request } from "undici";
import { type Child, start, startServer } from "./children.js";
import type { Figure } from "./figures.js";

export interface IdleEffort {
  readonly rounds: number;
  readonly sessions: number;
  /** Polls that each session goes through before its memory is looked at again. */
  readonly polls: number;
}

interface Memory {
  readonly bytes: number;
  readonly rss: number;
}

/** Memory of an idle session, a listener with its poll held, against the same polls held by undici alone. */
export async function benchIdleSessions({ rounds, sessions, polls }: IdleEffort): Promise<Figure[]> {
  const early: Record<"ours" | "bare", number[]> = { ours: [], bare: [] };
  const late: Record<"ours" | "bare", number[]> = { ours: [], bare: [] };
  const earlyResident: Record<"ours" | "bare", number[]> = { ours: [], bare: [] };
  const lateResident: Record<"ours" | "bare", number[]> = { ours: [], bare: [] };
  for (let round = 0; round < rounds; round++) {
    for (const way of ["bare", "ours"] as const) {
      using server = await startServer();
      using child = start("held-polls.js", [way, server.origin, String(sessions)]);
      await child.next();
      const empty = await memoryOf(child);
      await allHeld(server.origin, sessions);
      const first = await memoryOf(child);
      for (let poll = 0; poll < polls; poll++) {
        await get(`${server.origin}/release`);
        await allHeld(server.origin, sessions);
      }
      const last = await memoryOf(child);
      early[way].push((first.bytes - empty.bytes) / sessions / 1024);
      late[way].push((last.bytes - empty.bytes) / sessions / 1024);
      earlyResident[way].push((first.rss - empty.rss) / sessions / 1024);
      lateResident[way].push((last.rss - empty.rss) / sessions / 1024);
    }
  }
  return [
    { name: `resident memory of an idle session (${sessions} of them)`, unit: "KiB", goal: 1.4, ...earlyResident },
    { name: `the same after ${polls} polls each`, unit: "KiB", goal: 1.4, ...lateResident },
    { name: "its heap alone, after a collection", unit: "KiB", goal: undefined, ...early },
    { name: `the same after ${polls} polls each`, unit: "KiB", goal: undefined, ...late },
  ];
}

async function memoryOf(child: Child): Promise<Memory> {
  child.send({ tell: "memory" });
  const told = await child.next();
  if (typeof told !== "object" || told === null || !("bytes" in told) || !("rss" in told)) throw new Error("no memory");
  return { bytes: Number(told.bytes), rss: Number(told.rss) };
}

async function get(url: string): Promise<unknown> {
  const { body } = await request(url);
  return body.json();
}

async function allHeld(origin: string, sessions: number): Promise<void> {
  const givenUp = performance.now() + 60_000;
  for (;;) {
    const answer = await get(`${origin}/held`);
    const held = typeof answer === "object" && answer !== null && "held" in answer ? Number(answer.held) : 0;
    if (held === sessions) return;
    if (performance.now() > givenUp) throw new Error(`only ${held} of ${sessions} polls are held`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
