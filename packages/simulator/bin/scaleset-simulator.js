#!/usr/bin/env node
// A file of its own, so that an install can link the command before anything is built.
import "../dist/cli/main.js";
