import { fileURLToPath } from "node:url";
import { expect, inject, test } from "vitest";
import { docker } from "./bench.js";
import { startProcess } from "./fleet-stage.js";

const PROGRAM = fileURLToPath(new URL("../../../autoscaler/dist/cli/main.js", import.meta.url));

test("scaleset demo --provisioner docker runs its 30 jobs in containers, and leaves nothing behind", async () => {
  const images = (await docker.listImages()).length;
  const demo = startProcess([PROGRAM, "demo", "--provisioner", "docker", "--json"], {
    ...process.env,
    DOCKER_HOST: inject("engineHost"),
  });
  expect(await demo.ended, demo.output()).toBe(0);
  expect(demo.output()).toContain("everything ended as it should");
  expect(demo.output()).toContain('"jobs":{"total":30,"succeeded":29,"failed":1,"lost":0}');
  expect(await docker.listContainers({ all: true })).toEqual([]);
  expect((await docker.listImages()).length).toBe(images);
}, 300_000);
