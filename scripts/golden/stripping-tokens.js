#!/usr/bin/env node
// A tokenizer.json whose added tokens swallow the blanks beside them, as Phi 3's do, and the ids that the tokenizers
// library itself gives some chats: Hugging Face's own, by the npm package "tokenizers" 0.23.2 (its Rust code behind a
// binding for Node).
//
// Run where the package is installed: NODE_PATH=.../node_modules node scripts/golden/stripping-tokens.js
// Writes tests/golden/stripping-tokens.json.
const fs = require("fs");
const path = require("path");
const { Tokenizer } = require("tokenizers");

const MARK = "\u2581";
const vocab = {};
const add = (token) => (vocab[token] = vocab[token] ?? Object.keys(vocab).length);
["<unk>", "<s>", "</s>"].forEach(add);
for (let b = 0; b < 256; b++) add(`<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
[MARK, ..."Helodyus.?"].forEach(add);
const merges = [["H", "e"], ["l", "l"], ["He", "ll"], ["Hell", "o"], [MARK, "Hello"], ["y", "o"], ["yo", "u"], [MARK, "you"]];
merges.forEach((pair) => add(pair.join("")));

let next = Object.keys(vocab).length;
const added = (content, flags, id = next++) => ({
  id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags,
});
const tokenizer = {
  version: "1.0", truncation: null, padding: null,
  added_tokens: [
    added("<unk>", {}, 0), added("<s>", {}, 1), added("</s>", { rstrip: true, special: false }, 2),
    added("<|endoftext|>", {}), added("<|user|>", { rstrip: true }), added("<|assistant|>", { rstrip: true }),
    added("<|end|>", { rstrip: true }), added("<mask>", { lstrip: true }),
  ],
  normalizer: {
    type: "Sequence",
    normalizers: [{ type: "Prepend", prepend: MARK }, { type: "Replace", pattern: { String: " " }, content: MARK }],
  },
  pre_tokenizer: null, post_processor: null, decoder: null,
  model: {
    type: "BPE", dropout: null, unk_token: "<unk>", continuing_subword_prefix: null, end_of_word_suffix: null,
    fuse_unk: true, byte_fallback: true, vocab, merges: merges.map((pair) => pair.join(" ")),
  },
};
const texts = [
  "<|user|>\nHello<|end|>\n<|assistant|>\n",
  "<s><|user|>\n Hello you<|end|> \t\n<|assistant|>",
  "<|endoftext|>\nHello</s>  you",
  "<|user|>\u00a0\u2003\u0085Hello <|end|>",
  "Hello  <mask> you",
  "<|end|> \n <mask>\n<mask>",
  " <|user|> <|user|>\n\n",
  "Hello\n",
];

async function main() {
  const loaded = Tokenizer.fromString(JSON.stringify(tokenizer));
  const rows = [];
  for (const text of texts) rows.push({ text, ids: (await loaded.encode(text, null, { addSpecialTokens: false })).getIds() });
  const file = path.join(__dirname, "..", "..", "tests", "golden", "stripping-tokens.json");
  fs.writeFileSync(file, JSON.stringify({ tokenizer, rows }, null, 1) + "\n");
}

main();
