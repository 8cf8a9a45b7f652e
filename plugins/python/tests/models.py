"""Tiny models with random weights, in the forms that the published ones have:  python models.py CLIP DIRECTORY

CLIP is a tiny one of transformers. What each reward should say of pictures and prompts is computed here, by other
ways than the examples take, and written beside the models.
"""

import json
import pathlib
import sys

import numpy as np
import open_clip
import torch
import transformers
from PIL import Image

clip, out = map(pathlib.Path, sys.argv[1:])
torch.manual_seed(1)
prompts = ["a red ring", "two blue discs on a table"]
generator = np.random.default_rng(3)
pictures = [generator.integers(0, 256, size, np.uint8) for size in ((48, 48, 3), (40, 56, 3))]
for i, pixels in enumerate(pictures):
    Image.fromarray(pixels).save(out / f"{i}.png")
expected = {}


def linear(width):
    layers = [torch.nn.Linear(a, b) for a, b in ((width, 1024), (1024, 128), (128, 64), (64, 16), (16, 1))]
    state = {f"layers.{n}.{k}": v for n, layer in zip((0, 2, 4, 6, 7), layers) for k, v in layer.state_dict().items()}
    return torch.nn.Sequential(*layers), state


with torch.inference_mode():
    # CLIP: the whole model's own logits are exp(scale) * cosine.
    model = transformers.CLIPModel.from_pretrained(clip).eval()
    processor = transformers.CLIPImageProcessor.from_pretrained(clip)
    tokenizer = transformers.CLIPTokenizer.from_pretrained(clip)
    vectors = []
    for name in ("clip_cosine", "pickscore"):
        expected[name] = []
    for text, pixels in zip(prompts, pictures):
        answer = model(pixel_values=processor(Image.fromarray(pixels), return_tensors="pt").pixel_values, **tokenizer([text], return_tensors="pt"))
        expected["pickscore"].append(answer.logits_per_image.item())
        expected["clip_cosine"].append(answer.logits_per_image.item() / model.logit_scale.exp().item())
        vectors.append(answer.image_embeds)

    perceptron, state = linear(model.config.projection_dim)
    torch.save(state, out / "aesthetic.pth")
    expected["aesthetic"] = [perceptron(v / v.norm()).item() for v in vectors]

    # HPS v2: a CLIP of open_clip, saved as in training.
    configuration = {"embed_dim": 32, "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
                     "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2}}
    (out / "tiny-hps.json").write_text(json.dumps(configuration))
    hps = open_clip.CLIP(**configuration).eval()
    torch.save({"epoch": 1, "state_dict": hps.state_dict()}, out / "hps.pt")
    expected["hps_v2"] = []
    for text, pixels in zip(prompts, pictures):
        height, width, _ = pixels.shape
        scale = 32 / max(height, width)
        small = Image.fromarray(pixels).resize((round(width * scale), round(height * scale)), Image.BICUBIC)
        square = Image.new("RGB", (32, 32))
        square.paste(small, ((32 - small.width) // 2, (32 - small.height) // 2))
        x = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)[None] / 255
        mean, deviation = (torch.tensor(c).view(3, 1, 1) for c in ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)))
        a, b = hps.encode_image((x - mean) / deviation)[0], hps.encode_text(open_clip.tokenize([text]))[0]
        expected["hps_v2"].append((a @ b / a.norm() / b.norm()).item())

    # ImageReward: transformers' BLIP with its weights renamed to BLIP's own names.
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "ring", "two", "blue", "disc", "##s", "on", "table"]
    (out / "bert").mkdir()
    (out / "bert" / "vocab.txt").write_text("\n".join(words) + "\n")
    text_config = {"vocab_size": len(words), "hidden_size": 64, "encoder_hidden_size": 128, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 1,
                   "bos_token_id": 2, "sep_token_id": 3, "eos_token_id": 3}
    vision_config = {"hidden_size": 128, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8, "layer_norm_eps": 1e-6}
    blip = transformers.BlipForImageTextRetrieval(transformers.BlipConfig(text_config=text_config, vision_config=vision_config)).eval()
    perceptron, state = linear(64)
    state = {"mlp." + k: v for k, v in state.items()}
    for name, value in blip.state_dict().items():
        if name.startswith("text_encoder."):
            state["blip." + name] = value
        elif name.startswith("vision_model."):
            for ours, theirs in (("vision_model.encoder.layers", "visual_encoder.blocks"), ("vision_model.embeddings.patch_embedding", "visual_encoder.patch_embed.proj"),
                                 ("vision_model.embeddings.position_embedding", "visual_encoder.pos_embed"), ("vision_model.embeddings.class_embedding", "visual_encoder.cls_token"),
                                 ("vision_model.post_layernorm", "visual_encoder.norm"), ("self_attn.projection", "attn.proj"), ("self_attn", "attn"), ("layer_norm", "norm")):
                name = name.replace(ours, theirs)
            state["blip." + name] = value
    state["blip.text_encoder.embeddings.position_ids"] = torch.arange(512)[None]  # as in the published file
    torch.save(state, out / "imagereward.pt")
    tokens = {"a red ring": [2, 5, 6, 7, 3], "two blue discs on a table": [2, 8, 9, 10, 11, 12, 5, 13, 3]}
    expected["image_reward"] = []
    for text, pixels in zip(prompts, pictures):
        height, width, _ = pixels.shape
        scale = 32 / min(height, width)
        small = Image.fromarray(pixels).resize((int(width * scale), int(height * scale)), Image.BICUBIC)
        left, top = round((small.width - 32) / 2), round((small.height - 32) / 2)
        x = torch.from_numpy(np.asarray(small.crop((left, top, left + 32, top + 32))).copy()).permute(2, 0, 1)[None] / 255
        answer = blip(input_ids=torch.tensor([tokens[text]]), pixel_values=(x - mean) / deviation, use_itm_head=True)
        read = blip.text_encoder(input_ids=torch.tensor([tokens[text]]), attention_mask=torch.ones(1, len(tokens[text])), encoder_hidden_states=answer.last_hidden_state,
                                 encoder_attention_mask=torch.ones(answer.last_hidden_state.shape[:2])).last_hidden_state
        expected["image_reward"].append((perceptron(read[:, 0]).item() - 0.16717362830052426) / 1.0333394966054072)

(out / "expected.json").write_text(json.dumps({"prompts": prompts, "scores": expected}))
