import { describe, expect, test } from "vitest";
import { darwinScan, isAlive, parseStat, sessionOf } from "./process-table.js";

describe("a line of /proc/PID/stat", () => {
  const tail = "S 1 4242 4242 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 987654 2678784 400";

  test("gives session and start time, whatever the program is called", () => {
    for (const name of ["sh", "a b", "(sd-pam)", "x) S 1 2 3", ") ("]) {
      expect(parseStat(`4242 (${name}) ${tail}`)).toEqual({ state: "S", session: 4242, startedAt: "987654" });
    }
  });

  test("that is cut short gives nothing", () => {
    expect(parseStat("4242 (sh) S 1")).toBeUndefined();
    expect(parseStat("")).toBeUndefined();
  });
});

describe("the processes of macOS", () => {
  const view = darwinScan(
    [
      "    1     0     1 Ss   Mon Jan  5 09:00:00 2026",
      "  500     1   500 Ss   Mon Jan  5 10:00:00 2026",
      "  501   500   500 S+   Mon Jan  5 10:00:01 2026",
      "  502   501   502 R    Mon Jan  5 10:00:02 2026",
      "  503   500   500 Z    Mon Jan  5 10:00:03 2026",
      "  600     1   600 S    Mon Jan  5 10:00:04 2026",
      "",
    ].join("\n"),
  );

  test("of an instance are its leader's group and all that descends from it, but for zombies", () => {
    expect([...view.inSession(500)].sort()).toEqual([500, 501, 502]);
  });

  test("are told apart by when they began", () => {
    expect(view.startedAt(600)).toBe("Mon Jan  5 10:00:04 2026");
    expect(view.startedAt(503)).toBeUndefined();
    expect(view.startedAt(999)).toBeUndefined();
  });

  test("of a leader whose number was given on are nobody's", () => {
    const table = { bootId: "boot", view: async () => view, scan: async () => view };
    const leader = { pid: 500, startedAt: "Sun Jan  4 10:00:00 2026", bootId: "boot" };
    expect(isAlive(leader, table, view)).toBe(false);
    expect(sessionOf(leader, table, view)).toEqual([]);
    expect(sessionOf({ ...leader, startedAt: "Mon Jan  5 10:00:00 2026" }, table, view)).toHaveLength(3);
    expect(sessionOf({ ...leader, startedAt: "Mon Jan  5 10:00:00 2026", bootId: "earlier" }, table, view)).toEqual([]);
  });
});
