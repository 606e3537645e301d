"""Makes the models of this folder that are not in the shared fixtures, and their golden files.

    pip install torch transformers==5.17.0 safetensors
    python make_more.py FOLDER_OF_THIS_FILE

Random weights with every bias and norm set; logits in float32, attention written out ("eager", so
that Gemma 2's soft cap is applied), one pass over all ids.
"""
import copy
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

SMALL = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
FACTORS = dict(short_factor=[1.0, 1.1, 1.2, 1.3, 1.5, 1.6], long_factor=[1.0, 2.0, 3.0, 5.0, 7.0, 9.0])

MODELS = {
    # Sequences of more than 32 tokens take the long factors; three quarters of a head are rotated.
    "phi3-longrope": dict(model_type="phi3", **{**SMALL, "hidden_size": 64},
                          original_max_position_embeddings=32, partial_rotary_factor=0.75,
                          rope_theta=10000.0, pad_token_id=0,
                          rope_scaling=dict(type="longrope", **FACTORS)),
    # Layer 1 is dense by its number, layer 3 by the list, 0 and 2 by the step.
    "qwen3-moe-dense": dict(model_type="qwen3_moe", **{**SMALL, "num_hidden_layers": 6}, head_dim=8,
                            num_experts=5, num_experts_per_tok=3, moe_intermediate_size=24,
                            decoder_sparse_step=2, mlp_only_layers=[3], norm_topk_prob=False),
    "llama-biases": dict(model_type="llama", **SMALL, head_dim=16, attention_bias=True,
                         mlp_bias=True, tie_word_embeddings=True),
    # Scaling of the layers that see everything alone, as in Gemma 3 4B and larger.
    "gemma3-linear": dict(model_type="gemma3_text", **{**SMALL, "num_hidden_layers": 3}, head_dim=8,
                          query_pre_attn_scalar=12, sliding_window=6, sliding_window_pattern=3,
                          rope_theta=1000000.0, rope_local_base_freq=10000.0,
                          rope_scaling=dict(rope_type="linear", factor=8.0),
                          final_logit_softcapping=20.0),
}


def randomise(model, generator):
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        gemma = "gemma" in model.config.model_type
        if "norm" in name:
            parameter.data = 0.2 * noise + (0.0 if gemma else 1.0)
        else:
            parameter.data = 0.3 * noise
        parameter.data = parameter.data.to(torch.bfloat16).to(torch.float32)


def golden(folder, lengths):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                 attn_implementation="eager").eval()
    out = {}
    for suffix, length in lengths.items():
        generator = torch.Generator().manual_seed(length)
        ids = torch.randint(3, model.config.vocab_size, (length,), generator=generator)
        tokens = ids.clone()
        with torch.no_grad():
            out["logits" + suffix] = model(ids[None]).logits[0]
            for _ in range(16):
                best = model(tokens[None], use_cache=False).logits[0, -1].argmax()
                tokens = torch.cat([tokens, best[None]])
        out["ids" + suffix] = ids.to(torch.int32)
        out["greedy" + suffix] = tokens[length:].to(torch.int32)
    return out


def main(here):
    for name, config in MODELS.items():
        folder = here / name
        shutil.rmtree(folder, ignore_errors=True)
        kind = config["model_type"]
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{
            k: v for k, v in copy.deepcopy(config).items() if k != "model_type"}))
        randomise(model, torch.Generator().manual_seed(1))
        model.to(torch.bfloat16).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        # The older spelling of transformers 4, as the hub has it.
        written = json.loads((folder / "config.json").read_text())
        config = {"architectures": written["architectures"], "torch_dtype": "bfloat16",
                  "hidden_act": "silu", "rms_norm_eps": 1e-5, **config}
        if kind == "llama":  # the hub's writer leaves out what is at the default
            config.setdefault("rope_theta", 10000.0)
        if kind == "gemma3_text":
            config.pop("hidden_act")
            config["hidden_activation"] = "gelu_pytorch_tanh"
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        lengths = {"": 12, "_long": 40} if name == "phi3-longrope" else {"": 24}
        save_file(golden(folder, lengths), folder / "golden.safetensors")
    reference = load_file(here / "gemma2" / "golden.safetensors")
    model = AutoModelForCausalLM.from_pretrained(here / "gemma2", dtype=torch.float32,
                                                 attn_implementation="eager").eval()
    with torch.no_grad():
        logits = model(reference["ids"].long()[None]).logits[0]
    save_file({"logits": logits}, here / "gemma2" / "golden-capped.safetensors")


main(pathlib.Path(sys.argv[1]))
