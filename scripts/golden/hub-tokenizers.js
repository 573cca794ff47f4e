#!/usr/bin/env node
// tokenizer.json files of the kinds that are no BPE, and the ids that the tokenizers library itself gives the corpus of
// texts.py: Hugging Face's own, by the npm package "tokenizers" 0.23.2 (its Rust code behind a binding for Node).
//
// Vocabularies are those of sentencepiece-models.json and word-pieces.json; stages are composed as transformers'
// convert_slow_tokenizer.py composes them (SpmConverter, T5Converter, XLMRobertaConverter, BertConverter).
// Run where the package is installed: NODE_PATH=.../node_modules node scripts/golden/hub-tokenizers.js
// Writes tests/golden/hub-tokenizers.json.
const fs = require("fs");
const path = require("path");
const { Tokenizer } = require("tokenizers");

const golden = path.join(__dirname, "..", "..", "tests", "golden");
const read = (name) => JSON.parse(fs.readFileSync(path.join(golden, name), "utf8"));
const pieces = Object.fromEntries(read("sentencepiece-models.json").map((m) => [m.name, m]));
const words = Object.fromEntries(read("word-pieces.json").models.map((m) => [m.name, m]));
const MARK = "\u2581";

const replace = (pattern, content) => ({ type: "Replace", pattern, content });
const merge = (content) => replace({ Regex: " {2,}" }, content);
const marks = replace({ String: " " }, MARK);
const metaspace = (scheme, split = true) => ({ type: "Metaspace", replacement: MARK, prepend_scheme: scheme, split });
const sequence = (key, ...parts) => ({ type: "Sequence", [key]: parts });
const special = (id, content) => ({
  id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true,
});

function template(before, after, ids) {
  const around = (token) => (token ? [{ SpecialToken: { id: token, type_id: 0 } }] : []);
  const sequenceOf = (id) => ({ Sequence: { id, type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single: [...around(before), sequenceOf("A"), ...around(after)],
    pair: [...around(before), sequenceOf("A"), ...around(after), sequenceOf("B"), ...around(after)],
    special_tokens: Object.fromEntries([before, after].filter(Boolean)
      .map((token) => [token, { id: token, ids: [ids(token)], tokens: [token] }])),
  };
}

function unigram(name, stages, bytes) {
  const model = pieces[name];
  const added = model.tokens.map((t, i) => [t, i]).filter(([, i]) => [2, 3].includes(model.types[i]));
  return {
    version: "1.0", truncation: null, padding: null, added_tokens: added.map(([t, i]) => special(i, t)),
    normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...stages,
    model: { type: "Unigram", unk_id: model.types.indexOf(2), vocab: model.tokens.map((t, i) => [t, model.scores[i]]),
             byte_fallback: bytes },
  };
}

function wordPiece(name, stages) {
  const model = words[name];
  return {
    version: "1.0", truncation: null, padding: null, added_tokens: [0, 1, 2, 3, 4].map((i) => special(i, model.tokens[i])),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null,
                  lowercase: model.lowercase },
    pre_tokenizer: { type: "BertPreTokenizer" }, decoder: { type: "WordPiece", prefix: "##", cleanup: true }, ...stages,
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100,
             vocab: Object.fromEntries(model.tokens.map((t, i) => [t, i])) },
  };
}

function cases() {
  const t5 = (token) => pieces.t5.tokens.indexOf(token);
  const precompiled = { type: "Precompiled", precompiled_charsmap: pieces.t5.charsmap };
  const bert = (token) => words.uncased.tokens.indexOf(token);
  return {
    t5: unigram("t5", {
      normalizer: sequence("normalizers", precompiled, { type: "Strip", strip_left: false, strip_right: true }, merge(MARK)),
      pre_tokenizer: metaspace("always"), decoder: metaspace("always"), post_processor: template(null, "</s>", t5),
    }, false),
    "xlm-roberta": unigram("t5", {
      normalizer: precompiled, decoder: metaspace("always"), post_processor: template("<s>", "</s>", t5),
      pre_tokenizer: sequence("pretokenizers", { type: "WhitespaceSplit" }, metaspace("always")),
    }, false),
    "bytes-whole": unigram("llama-unigram", {
      normalizer: sequence("normalizers", { type: "Prepend", prepend: MARK }, marks),
      decoder: sequence("decoders", replace({ String: MARK }, " "), { type: "ByteFallback" }, { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 }),
    }, true),
    "bytes-words": unigram("llama-unigram-without-prefix",
      { pre_tokenizer: metaspace("never"), decoder: metaspace("never") }, true),
    "bert-uncased": wordPiece("uncased", { post_processor: template("[CLS]", "[SEP]", bert) }),
    "bert-cased": wordPiece("cased", {
      post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
    }),
  };
}

async function main() {
  const texts = pieces.t5.rows.map((row) => row.text);
  const out = { texts, cases: [] };
  for (const [name, tokenizer] of Object.entries(cases())) {
    const library = Tokenizer.fromString(JSON.stringify(tokenizer));
    const ids = [];
    for (const text of texts) ids.push((await library.encode(text, null, { addSpecialTokens: true })).getIds());
    out.cases.push({ name, tokenizer, ids });
    console.log(name, ids.length, "rows,", ids.flat().length, "ids");
  }
  const file = path.join(golden, "hub-tokenizers.json");
  fs.writeFileSync(file, JSON.stringify(out) + "\n");
  console.log(file, fs.statSync(file).size, "bytes");
}

main();
