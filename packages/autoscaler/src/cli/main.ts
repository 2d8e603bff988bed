#!/usr/bin/env node
import process from "node:process";
import { program } from "./program.js";

// Standard output closed early (`scaleset demo | head`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await program(process.argv.slice(2));
