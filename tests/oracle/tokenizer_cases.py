#!/usr/bin/env python3
"""Writes tests/data/tokenizers/*.json: what Hugging Face's `tokenizers` makes of small tokenizer.json files.

    pip install tokenizers==0.23.3 && tests/oracle/tokenizer_cases.py tests/data/tokenizers
"""
import json
import sys
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CASED = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*" \
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3, QWEN2 = CASED % r"\p{N}{1,3}", CASED % r"\p{N}"
TEKKEN = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" \
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" \
         r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" \
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+(?!\S)|\s+"
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+" \
           r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

TEXTS = [
    "", " ", "  ", "\n", "a", "Hello, world!", " Hello  World ", "don't DON'T we'LL I'M it'\u017f",
    "3.14159 12345 \u0661\u0662\u0663 \u00bd \u2167", "tab\tand\nnewline\r\n\r\n  indented\n\n",
    "caf\u00e9 cafe\u0301 \u00c5 A\u030a \ufb01 \u2460 \u1e9b\u0323", "\u4f60\u597d\uff0c\u4e16\u754c\u3002",
    "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab", "\U0001f999\U0001f468\u200d\U0001f469\u200d\U0001f467 ok",
    "trailing   ", "\u00a0\u2003wide\u3000space\u0085next\u2028line", "snake_case CamelCase HTTPServer X1y2",
    "if (x<=3){y+=\"z\";}//end", "\u0130stanbul \u01c5 \u1d62\u02b0 \u03a3\u03c2", "__a__ \u203fb\u2040 \u00b2\u00b9",
    "\u2581meta\u2581\u2581space\u2581", "<unk> <0x0A> </s>", "\u0915\u094d\u0937\u093f \u0e01\u0e33",
    "aaaaaaaaaaaaaaaa", "the quick brown fox jumps over the lazy dog",
]


def pre_tokenizer_cases():
    split = lambda p, b, i=False: {"type": "Split", "pattern": p, "behavior": b, "invert": i}
    configs = []
    for regex in (GPT2, LLAMA3, QWEN2, TEKKEN, O200K, DEEPSEEK):
        configs.append(split({"Regex": regex}, "Isolated"))
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        for invert in (False, True):
            configs.append(split({"Regex": r"\s"}, behavior, invert))
            configs.append(split({"String": "l"}, behavior, invert))
        configs.append({"type": "Punctuation", "behavior": behavior})
    configs += [split({"Regex": r}, "Isolated") for r in (
        r"x*", r"\w+", r"\W", r"[\w\s]+", r"[^\S\n]+", r"\bo|e\b", r"\Bo", r"\h+", r"\d{,2}", r"\p{L}{1,2}+",
        r"\p{Han}+", r"\p{^L}+", r"^.|.$", r"(?m:.+)", r".+", r"(?<=l)o|(?i)W",
        r"(l)\1", r"\u0065", r"\x{e9}|\v", r"(?>a+)b|[\]\-]", r"{")]
    configs.append(split({"String": ""}, "Isolated"))
    for prefix in (False, True):
        for regex in (False, True):
            configs.append({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True,
                            "use_regex": regex})
    configs.append({"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True})
    for scheme in ("always", "first", "never"):
        for cut in (True, False):
            configs.append({"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": cut})
    configs.append({"type": "Metaspace", "replacement": "_", "add_prefix_space": True})
    configs.append({"type": "Metaspace", "replacement": "_", "add_prefix_space": False, "prepend_scheme": "never"})
    configs.append({"type": "Metaspace", "str_rep": "_", "replacement": "_", "add_prefix_space": True})
    configs += [{"type": "Digits", "individual_digits": d} for d in (False, True)]
    configs += [{"type": "Punctuation"}, {"type": "Whitespace"}, {"type": "WhitespaceSplit"}]
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}
    sequence = lambda *items: {"type": "Sequence", "pretokenizers": list(items)}
    configs.append(sequence(split({"Regex": QWEN2}, "Isolated"), byte_level))
    configs.append(sequence({"type": "Punctuation", "behavior": "Contiguous"}, {"type": "ByteLevel",
                   "add_prefix_space": False, "trim_offsets": True}, {"type": "Digits", "individual_digits": False},
                   split({"Regex": "[0-9][0-9][0-9]"}, "Isolated")))
    configs.append(sequence({"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "\u2581",
                   "prepend_scheme": "first"}, sequence({"type": "Digits", "individual_digits": True})))
    configs.append(sequence())
    cases = []
    for config in configs:
        pre = shell(pre_tokenizer=config).pre_tokenizer
        cases.append({"config": config, "texts": [
            {"text": t, "pieces": [p for p, _ in pre.pre_tokenize_str(t)]} for t in TEXTS]})
    return cases


def normalizer_cases():
    configs = [{"type": t} for t in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents")]
    configs += [{"type": "Strip", "strip_left": l, "strip_right": r} for l in (False, True) for r in (False, True)]
    configs += [{"type": "Prepend", "prepend": "\u2581"}]
    replace = lambda p, c: {"type": "Replace", "pattern": p, "content": c}
    configs += [replace({"String": " "}, "\u2581"), replace({"String": "ll"}, ""), replace({"Regex": r"\s+"}, " "),
                replace({"Regex": "l*"}, "-"), replace({"String": ""}, "."), replace({"Regex": QWEN2}, "x"),
                replace({"Regex": r"(?<!\n)^"}, "> ")]
    configs.append({"type": "Sequence", "normalizers": [
        {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "NFKD"}, {"type": "StripAccents"},
        {"type": "Lowercase"}, {"type": "Sequence", "normalizers": []}, {"type": "Prepend", "prepend": ">"}]})
    return [{"config": c, "texts": [{"text": t, "normalized": shell(normalizer=c).normalizer.normalize_str(t)}
                                    for t in TEXTS]} for c in configs]


def decoder_cases():
    lists = [
        [], [""], ["Hello"], ["\u0120Hello", "\u0120w", "orld", "!"], ["\u2581Hey", "\u2581\u2581friend", "!"],
        ["<0x61>"], ["<0xE5>"], ["<0xE5>", "<0x8f>", "<0xab>", "a"], ["<0xE5>", "<0x8F>", "a", "<0x41>"],
        ["<0x41>", "<0xFF>", "<0x42>", "b"], ["\u00e5", "\u0131", "\u00ab", "x"], ["\u00e5\u0131", "x", "\u00f0"],
        ["a b", "\u00e9", "\u4f60", "\u0120"], ["<0xGG>", "<0x4>", "<0x041>"], [" ", " a", "  b ", " "],
        ["HHHey", " friendH", "H", ""], ["x.", " .", " n", "'t", " ,", "a"], ["<s>", "\u2581a", "</s>"],
        ["\u00f0\u0141\u0126", "\u013b"], ["\u00f0\u0141", "\u00f0\u0141\u0126\u013b", "\u00f0"],
    ]
    strip = lambda c, a, b: {"type": "Strip", "content": c, "start": a, "stop": b}
    replace = lambda p, c: {"type": "Replace", "pattern": p, "content": c}
    sequence = lambda *items: {"type": "Sequence", "decoders": list(items)}
    llama = [replace({"String": "\u2581"}, " "), {"type": "ByteFallback"}, {"type": "Fuse"}]
    configs = [
        None, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        {"type": "ByteFallback"}, {"type": "Fuse"}, strip("H", 1, 0), strip("H", 2, 1), strip(" ", 0, 1),
        replace({"String": "\u2581"}, " "), replace({"Regex": r"\s+|H"}, "_"), replace({"String": "e"}, ""),
        {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "never", "split": True},
        {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True},
        {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": False, "prepend_scheme": "never"},
        sequence(*llama, strip(" ", 1, 0)), sequence(*llama),
        sequence({"type": "Fuse"}, replace({"String": " ."}, "."), strip(" ", 1, 2)),
        sequence({"type": "Fuse"}, replace({"Regex": " +"}, " ")),
        sequence({"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "\u2581",
                 "prepend_scheme": "first", "split": False}), sequence(),
        sequence({"type": "Fuse"}, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}),
    ]
    cases = []
    for config in configs:
        decoder = shell(decoder=config).decoder
        rows = []
        for tokens in lists:
            try:
                rows.append({"tokens": tokens, "text": decoder.decode(tokens) if decoder else " ".join(tokens)})
            except BaseException:  # Strip with a stop panics at an empty token
                pass
        cases.append({"config": config, "texts": rows})
    return cases


def shell(**parts):
    """A tokenizer around one part."""
    file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None,
            "model": {"type": "BPE", "vocab": {}, "merges": []}}
    file.update(parts)
    return Tokenizer.from_str(json.dumps(file))


def trained(vocabulary, pre_tokenizer, corpus, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre_tokenizer
    affixes = {k: v for k, v in options.items() if k in ("continuing_subword_prefix", "end_of_word_suffix")}
    if isinstance(pre_tokenizer, pre_tokenizers.ByteLevel):
        affixes["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=vocabulary, show_progress=False, **affixes))
    return json.loads(tokenizer.to_str())


CORPUS = ["the quick brown fox jumps over the lazy dog", "hello world, hello there", "this is the thing that they think",
          "caf\u00e9 na\u00efve", "12 123 1234 12345", "don't can't won't", "in the beginning there was the end"] * 3


def added(id, content, **flags):
    token = {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": False}
    token.update(flags)
    return token


def model_cases():
    cases = []

    def case(name, file, texts=(), config=None):
        tokenizer = Tokenizer.from_str(json.dumps(file))
        rows = []
        for text in list(TEXTS) + list(texts):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            rows.append({"text": text, "ids": ids, "ids_special": tokenizer.encode(text).ids,
                         "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                         "skipped": tokenizer.decode(ids, skip_special_tokens=True)})
        cases.append({"name": name, "tokenizer": file, "texts": rows})

    byte_level = trained(330, pre_tokenizers.ByteLevel(add_prefix_space=False), CORPUS)
    byte_level["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    case("byte-level", byte_level)

    strings = json.loads(json.dumps(byte_level))
    strings["model"]["merges"] = ["#version: 0.2"] + [" ".join(pair) for pair in byte_level["model"]["merges"]]
    del strings["model"]["type"]
    strings["model"]["dropout"] = None
    case("merges as strings, no type", strings)

    whole = json.loads(json.dumps(byte_level))
    whole["model"]["ignore_merges"] = True
    size = len(whole["model"]["vocab"])
    for i, word in enumerate(["quick", "\u0120brown", "\u0120fox", "Hello", "aaaaaaaaaaaaaaaa"]):
        whole["model"]["vocab"][word] = size + i
    case("ignore_merges", whole)
    kept = json.loads(json.dumps(whole))
    kept["model"]["ignore_merges"] = False
    case("tokens that no merge makes", kept)

    size = len(byte_level["model"]["vocab"])
    flags = json.loads(json.dumps(byte_level))
    flags["normalizer"] = {"type": "Lowercase"}
    flags["added_tokens"] = [
        added(size, "<L>", lstrip=True), added(size + 1, "<R>", rstrip=True), added(size + 2, "<W>", single_word=True),
        added(size + 3, "HELLO", normalized=True), added(size + 4, "<S>", special=True),
        added(size + 5, "<LR>", lstrip=True, rstrip=True, special=True), added(size + 6, "<S><S>"),
        added(size + 7, "word", single_word=True, normalized=True), added(size + 8, " x "),
        added(byte_level["model"]["vocab"]["the"], "the", special=True)]
    flags["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<S>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "two", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<S>": {"id": "<S>", "ids": [size + 4], "tokens": ["<S>"]},
                            "two": {"id": "two", "ids": [size, size + 1], "tokens": ["<L>", "<R>"]}}}]}
    case("added tokens", flags, [
        "a <L> b <R> c", "  <L>  <L>x", "<R>   <R>   x", "<W> a<W> <W>a a<W>a -<W>-", "Hello hello HELLOhello",
        "<S><S><S>", "a <LR> b<LR>", "a <R> <L> b", "word sword word. WORD words \u00e9word", "a x b x  x c", "<R> x y",
        "\u00a0<LR>\u3000z", "<S", "<<S>>", "the<S>the"])

    plain = {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "<unk>": 5, "\u00e9": 6, "h": 7, "e": 8, "l": 9, "o": 10,
             "ll": 11, "he": 12, "llo": 13, "hello": 14, "bc": 15}
    merges = [["a", "b"], ["ab", "c"], ["l", "l"], ["h", "e"], ["ll", "o"], ["he", "llo"], ["b", "c"]]
    odd = ["abc", "xabcy", "xxabcyy", "hellohello", "abxcab", "\u00e9\u00e8\u00e9", "aabbcc"]
    for unk in (None, "<unk>"):
        for fuse in (False, True):
            file = json.loads(shell().to_str())
            file["model"] = {"type": "BPE", "dropout": None, "unk_token": unk, "continuing_subword_prefix": None,
                             "end_of_word_suffix": None, "fuse_unk": fuse, "byte_fallback": False,
                             "ignore_merges": False, "vocab": plain, "merges": merges}
            case(f"unk {unk}, fuse {fuse}", file, odd)

    fallback = dict(plain)
    for byte in range(256):
        fallback[f"<0x{byte:02X}>"] = 16 + byte
    for missing in (False, True):
        vocab = {t: i for t, i in fallback.items() if not missing or t != "<0x2C>"}
        file = json.loads(shell().to_str())
        file["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
                              {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
        vocab["\u2581"] = 272
        vocab["\u2581a"] = 273
        vocab["\u2581\u2581"] = 274
        file["model"] = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                         "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "vocab": vocab,
                         "merges": ["\u2581 \u2581", "\u2581 a", "a b", "ab c"]}
        file["decoder"] = {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
        file["added_tokens"] = [added(5, "<unk>", special=True)]
        case(f"byte fallback{', one byte missing' if missing else ''}", file, odd + ["x,\u00e8,y", "a  a   a", ",,,"])

    affixes = trained(120, pre_tokenizers.Whitespace(), CORPUS, unk_token="<unk>", continuing_subword_prefix="##",
                      end_of_word_suffix="</w>")
    affixes["model"]["vocab"]["<unk>"] = len(affixes["model"]["vocab"])
    case("prefix and suffix", affixes)

    pieces = [["<unk>", 0.0], ["<s>", 0.0], ["\u2581", -2.5], ["\u2581the", -3.0], ["the", -4.5], ["h", -5.0],
              ["e", -4.0], ["l", -4.25], ["o", -4.75], ["ll", -6.0], ["\u2581hello", -7.5], ["hell", -8.5], ["t", -4.0],
              ["a", -3.5], ["aa", -5.0], ["aaa", -6.5], ["\u4f60", -9.0], ["\u4f60\u597d", -9.5], ["d", -5.0], ["w", -5.5],
              ["\u2581w", -5.25], ["r", -5.0], ["or", -6.0], ["xy", -9.0]]
    for fall in (False, True):
        file = json.loads(shell().to_str())
        vocab = pieces + ([[f"<0x{b:02X}>", -20.0] for b in range(256)] if fall else [])
        file["model"] = {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": fall}
        metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
        file["pre_tokenizer"] = metaspace
        file["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, metaspace]} if fall else metaspace
        case(f"unigram{', byte fallback' if fall else ''}", file, ["hello the world", "zzz hellozz", "\u4f60\u597d\u4f60", "xy x y"])
    return cases


def main():
    folder = Path(sys.argv[1])
    for name, cases in (("normalizers", normalizer_cases()), ("pre_tokenizers", pre_tokenizer_cases()),
                        ("decoders", decoder_cases()), ("models", model_cases())):
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        (folder / f"{name}.json").write_text(
            f'{{"made_by": "tests/oracle/tokenizer_cases.py with tokenizers {tokenizers.__version__}",\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
