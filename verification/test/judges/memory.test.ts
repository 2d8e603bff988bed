import { expect, test } from "vitest";
import { Memory } from "../../src/worlds/watch/memory.js";
import { Court } from "./court.js";

test("a JIT config that can still be reached after its runner is gone breaks the rule about secrets, a freed one does not", async () => {
  const kept = { reveal: () => "kept" };
  const judges: Memory[] = [];
  const court = new Court((scene) => {
    judges.push(new Memory(scene));
    return judges;
  });
  judges[0]?.jitHandedOver("set-a-freed", { reveal: () => "freed" });
  await court.pass(5_000);
  judges[0]?.atRest();
  expect(court.broken).toEqual([]);
  judges[0]?.jitHandedOver("set-a-kept", kept);
  await court.pass(5_000);
  judges[0]?.atRest();
  expect(court.broken).toMatchObject([{ invariant: "secret", about: { runner: "set-a-kept" } }]);
  expect(kept.reveal()).toBe("kept");
});
