// The Runtime API in plain JavaScript, for where the compiled part of aws-lambda-ric is not to be had.
"use strict";

const http = require("node:http");
const Module = require("node:module");

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const PREFIX = "/2018-06-01/runtime/invocation/";
// The answer to one event is sent before the next event is asked for.
let answered = Promise.resolve();

function request(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ hostname, port, agent, method, path, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ bodyJson: Buffer.concat(chunks).toString("utf8"), headers: response.headers }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function post(path, body, headers) {
  const data = Buffer.from(body, "utf8");
  answered = request("POST", path, data, { "Content-Type": "application/json", "Content-Length": data.length, ...headers });
  answered.catch(() => {});
}

function kindOf(body) {
  try {
    return String(JSON.parse(body).errorType || "Unhandled").replace(/[^\x20-\x7e]/g, "?");
  } catch {
    return "Unhandled";
  }
}

const client = {
  initializeClient() {},
  async next() {
    await answered;
    return request("GET", PREFIX + "next");
  },
  done: (id, body) => post(PREFIX + id + "/response", body),
  error: (id, body) => post(PREFIX + id + "/error", body, { "Lambda-Runtime-Function-Error-Type": kindOf(body) }),
};

const load = Module._load;
Module._load = function (name, ...more) {
  return name.endsWith("rapid-client.node") ? client : load.call(this, name, ...more);
};
