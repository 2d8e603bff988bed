import { heapAtRest } from "./growth.js";

// Prints the bytes in use at rest after each round, for a test that wants a process without anything else in it.
const [, , rounds = "5", jobs = "100"] = process.argv;
console.log(JSON.stringify(await heapAtRest({ rounds: Number(rounds), jobsARound: Number(jobs) })));
