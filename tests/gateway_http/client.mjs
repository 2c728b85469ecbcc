// OpenAI's client for Node against the gateway; prints what it saw as JSON.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE, apiKey: process.env.KEY, maxRetries: 0 });
const ask = (content, more = {}, options = {}) =>
  client.chat.completions.create({ model: "auto", messages: [{ role: "user", content }], ...more }, options);
const failure = async (work) => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
};

const seen = {};
seen.chat = (await ask("Say it.")).choices[0].message.content;
seen.stream = "";
for await (const chunk of await ask("Say it.", { stream: true, stream_options: { include_usage: true } })) {
  seen.stream += chunk.choices[0]?.delta?.content ?? "";
  if (chunk.usage) seen.usage = chunk.usage.total_tokens;
}
seen.models = (await client.models.list()).data.map((model) => model.id);
seen.embeddings = (await client.embeddings.create({ model: "auto", input: ["a", "b"] })).data.map((item) => [...item.embedding]);
const missing = await failure(client.chat.completions.create({ model: "nobody", messages: [{ role: "user", content: "x" }] }));
seen.missing = [missing.constructor.name, missing.code];
const wrong = await failure(ask("x", { n: 9 }));
seen.wrong = [wrong.constructor.name, wrong.param];
const revoked = new OpenAI({ baseURL: process.env.BASE, apiKey: process.env.REVOKED, maxRetries: 0 });
seen.revoked = (await failure(revoked.models.list())).constructor.name;
seen.timeout = (await failure(ask("Please hang", {}, { timeout: 300 }))).constructor.name;
const stream = await ask("Tell it slowly", { stream: true });
for await (const _ of stream) {
  stream.controller.abort();
  break;
}
seen.cancelled = stream.controller.signal.aborted;
console.log(JSON.stringify(seen));
