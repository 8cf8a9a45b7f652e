#!/usr/bin/env node
// The reward "blueness" on @grpc/grpc-js alone, in the order of docs/plugin-protocol.md.
"use strict";

// Standard output is the handshake's; libraries that log write to standard error.
const handshake = process.stdout.write.bind(process.stdout);
console.log = console.info = console.error;

if (process.env.PLUMB_PLUGIN !== "a plumb line is the oldest alignment tool") {
  console.error('A plugin of Plumb: plugin "blueness" { source = "blueness.js" }, and then reward "blueness" "mine" {}');
  process.exit(1);
}
delete process.env.PLUMB_PLUGIN;
process.on("SIGINT", () => {}); // Ctrl-C is for the host, which then stops the plugin

const fs = require("node:fs");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const received = 256 << 20; // bytes of a message
const v1 = grpc.loadPackageDefinition(
  loader.loadSync(["plugin.proto", "reward.proto"].map((f) => `plumb/plugin/v1/${f}`), {
    includeDirs: [path.join(__dirname, "proto")], keepCase: true, longs: String, enums: String, oneofs: true, defaults: true,
  })
).plumb.plugin.v1;

const component = {
  kind: "reward",
  name: "blueness",
  summary: "Mean of the blue channel, from 0 to 1.",
  code_version: "1",
  schema: { attributes: [{ name: "gain", type: "number", summary: "Factor of the score.", default: 1, minimum: 0.1, maximum: 10 }] },
};

// Mean of the blue channel of rows of RGB, 0 to 1.
function blueness(image) {
  if (image.encoding !== "ENCODING_RGB8") throw new Error(`images in ${image.encoding} are not read`);
  let sum = 0;
  for (let at = 2; at < image.data.length; at += 3) sum += image.data[at];
  return sum / (image.width * image.height) / 255;
}

// A stream of answers: heartbeats, and one end. Work calls end, or throws.
class Answers {
  constructor(call) {
    this.call = call;
    this.beat = setInterval(() => call.write({ signal: { heartbeat: {} } }), 2000);
    call.on("cancelled", () => this.close());
  }
  close() {
    clearInterval(this.beat);
    this.closed = true;
  }
  end(signal) {
    if (this.closed) return;
    this.close();
    this.call.write({ signal });
    this.call.end();
  }
  done() {
    this.end({ done: {} });
  }
  try(work) {
    if (this.closed) return;
    try {
      work();
    } catch (e) {
      this.end({ failure: { diagnostics: [{ severity: "SEVERITY_ERROR", summary: e.message, detail: e.stack }] } });
    }
  }
}

const instances = new Map(); // configurations by the instance's name
let opened = 0;

function describe(_, answer) {
  const environment = { node: process.versions.node, "@grpc/grpc-js": require("@grpc/grpc-js/package.json").version };
  answer(null, { name: "blueness", version: "0.1.0", components_json: [Buffer.from(JSON.stringify(component))], environment });
}

function open(call) {
  const answers = new Answers(call);
  answers.try(() => {
    const { kind, component: name, config_json: config } = call.request;
    if (kind !== component.kind || name !== component.name) throw new Error(`there is no ${kind} "${name}"`);
    const instance = `blueness-${++opened}`;
    instances.set(instance, JSON.parse(config.toString()));
    call.write({ instance });
    answers.done();
  });
}

function score(call) {
  const answers = new Answers(call);
  let config;
  call.on("data", (request) => answers.try(() => {
    if (request.body === "instance") {
      config = instances.get(request.instance);
      if (!config) throw new Error(`there is no instance "${request.instance}"`);
      return;
    }
    const { position, id, image } = request.item;
    try {
      call.write({ score: { position, score: config.gain * blueness(image) } });
    } catch (e) {
      throw new Error(`image ${id}: ${e.message}`);
    }
  }));
  call.on("end", () => answers.done());
}

function close(call, answer) {
  instances.delete(call.request.instance);
  answer(null, {});
}

function stop(_, answer) {
  instances.clear();
  answer(null, {});
}

const socket = path.join(process.env.PLUGIN_UNIX_SOCKET_DIR, "socket"); // no other user can enter the directory
const server = new grpc.Server({ "grpc.max_receive_message_length": received });
server.addService(v1.Plugin.service, { Describe: describe, Open: open, Close: close, Stop: stop });
server.addService(v1.Reward.service, { Score: score });
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (failure) => {
  if (failure) throw failure;
  handshake(`1|1|unix|${socket}|grpc\n`);
});

// The end of standard input is the end of the host.
process.stdin.resume().on("end", () => {
  fs.rmSync(socket, { force: true });
  process.exit(0);
});
