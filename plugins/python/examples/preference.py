#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.10"
# dependencies = ["plumb-plugin", "torch", "torchvision", "transformers", "open_clip_torch", "numpy", "pillow"]
# ///
"""Rewards that people use, on the libraries that they were published with: CLIP's cosine, PickScore,
the LAION aesthetic predictor, HPS v2 and ImageReward. Weights are named by paths, whose content is in the
key of every result; nothing is downloaded."""

import functools
import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import plumb_plugin as plumb

CLIP_FILES = plumb.Hub("config.json", "model.safetensors", "preprocessor_config.json", "vocab.json", "merges.txt",
                       "?tokenizer.json", "?tokenizer_config.json", "?special_tokens_map.json")


@functools.lru_cache(maxsize=2)
def clip(model: Path, processor: Path, device: str, dtype: str) -> Any:
    """A CLIP of transformers with its processors. Rewards that stand on the same one share it."""
    import torch
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

    with plumb.busy(f"{model.name} is being read"):
        network = CLIPModel.from_pretrained(model, dtype=getattr(torch, dtype), local_files_only=True).eval().to(device)
    return network, CLIPImageProcessor.from_pretrained(processor), CLIPTokenizer.from_pretrained(processor)


def tensor(output: Any) -> Any:
    """get_image_features and get_text_features return an object since transformers 5, and a tensor before."""
    return getattr(output, "pooler_output", output)


def tokenized(tokenizer: Any, prompts: list[str], length: int) -> Any:
    """Tokens of one length, so that no prompt depends on its neighbours. What does not fit is told."""
    for prompt, ids in zip(prompts, tokenizer(prompts).input_ids):
        if len(ids) > length:
            plumb.warn(f"The prompt {prompt!r} has {len(ids)} tokens; the model sees the first {length}.")
    return tokenizer(prompts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")


class OnClip(plumb.Reward):
    """What the rewards on a CLIP have in common."""

    batch = 32
    needs_device = True
    model: Annotated[Path, "CLIP in the form of transformers.", CLIP_FILES]
    processor: Annotated[Path | None, "Where its processors are, if not beside it.", CLIP_FILES] = None

    def load(self) -> None:
        self.network, self.images, self.tokens = clip(self.model, self.processor or self.model, plumb.device(), plumb.dtype())

    def embed_images(self, images: np.ndarray) -> Any:
        """Unit vectors [n, width]."""
        import torch

        # Where the channels are must be said: of an image of 3 rows it is guessed wrong.
        pixels = self.images(list(images), return_tensors="pt", input_data_format="channels_last").pixel_values
        with torch.inference_mode():
            out = tensor(self.network.get_image_features(pixel_values=pixels.to(self.network.device, self.network.dtype)))
        return torch.nn.functional.normalize(out.float(), dim=-1)

    def embed_texts(self, prompts: list[str]) -> Any:
        """Unit vectors [n, width]."""
        import torch

        tokens = tokenized(self.tokens, prompts, self.network.config.text_config.max_position_embeddings).to(self.network.device)
        with torch.inference_mode():
            out = tensor(self.network.get_text_features(**tokens))
        return torch.nn.functional.normalize(out.float(), dim=-1)


class ClipCosine(OnClip):
    """Cosine of CLIP's vectors of image and prompt (Radford et al., 2021)."""

    code_version = "1"

    def score(self, prompts: list[str], images: np.ndarray) -> Any:
        return (self.embed_images(images) * self.embed_texts(prompts)).sum(-1)


class Pickscore(OnClip):
    """PickScore: the cosine of a CLIP that learnt people's choices, times its logit scale (Kirstain et al., 2023)."""

    code_version = "1"
    parts = ("cosine",)

    def score(self, prompts: list[str], images: np.ndarray) -> Any:
        cosine = (self.embed_images(images) * self.embed_texts(prompts)).sum(-1)
        return {"score": self.network.logit_scale.detach().float().exp() * cosine, "cosine": cosine}


def head(width: int) -> Any:
    """The perceptron of the aesthetic predictor and of ImageReward: linear all through, and dropout for training alone."""
    from torch import nn

    return nn.Sequential(nn.Linear(width, 1024), nn.Dropout(0.2), nn.Linear(1024, 128), nn.Dropout(0.2), nn.Linear(128, 64), nn.Dropout(0.1),
                         nn.Linear(64, 16), nn.Linear(16, 1))


def weights(path: Path) -> dict[str, Any]:
    """A dictionary of tensors, of a safetensors file or one of PyTorch's; nothing in it is executed."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


class Aesthetic(OnClip):
    """LAION's aesthetic predictor: a perceptron on the image's vector, from about 1 to 10; it does not see the prompt."""

    code_version = "1"
    head: Annotated[Path, "The perceptron's weights.", plumb.Obtain(
        "sac+logos+ava1-l14-linearMSE.pth of christophschuhmann/improved-aesthetic-predictor, with CLIP ViT-L/14.")]

    def load(self) -> None:
        super().load()
        read = {k.removeprefix("layers."): v for k, v in weights(self.head).items()}
        wide, width = read["0.weight"].shape[1], self.network.config.projection_dim
        if wide != width:
            raise plumb.Error(f"The aesthetic predictor {self.head.name} reads vectors of {wide} numbers, and the CLIP gives {width}",
                              "The published one stands on CLIP ViT-L/14 (openai/clip-vit-large-patch14).")
        self.perceptron = head(width)
        self.perceptron.load_state_dict(read)
        self.perceptron.eval().to(self.network.device)

    def score(self, images: np.ndarray) -> Any:
        import torch

        with torch.inference_mode():
            return self.perceptron(self.embed_images(images))


class Hpsv2(plumb.Reward):
    """HPS v2: the cosine of a CLIP of open_clip that learnt people's preferences (Wu et al., 2023)."""

    name = "hps_v2"
    code_version = "1"
    batch = 16
    needs_device = True
    weights: Annotated[Path, "The checkpoint.", plumb.Obtain("HPS_v2_compressed.pt or HPS_v2.1_compressed.pt of xswu/HPSv2.")]
    architecture: Annotated[str, "open_clip's name of the network."] = "ViT-H-14"
    configuration: Annotated[Path | None, "open_clip's description of the network, a JSON file named as the architecture, if open_clip has none."] = None

    def load(self) -> None:
        import open_clip
        import torch

        if self.configuration:
            open_clip.add_model_config(self.configuration)
        if self.architecture not in open_clip.list_models():
            raise plumb.Error(f"open_clip knows no network {self.architecture!r}", "Name one that it lists, or its configuration.")
        self.where, self.numbers = plumb.device(), getattr(torch, plumb.dtype())
        with plumb.busy(f"{self.weights.name} is being read"):
            self.network = open_clip.create_model(self.architecture, load_weights=False)
            read = weights(self.weights)
            self.network.load_state_dict(read.get("state_dict", read))
            self.network.eval().to(self.where, self.numbers)
        # Larger side to the network's size, the rest black, as in the published code.
        self.transform = open_clip.image_transform(self.network.visual.image_size, is_train=False, resize_mode="longest")
        self.tokens = open_clip.get_tokenizer(self.architecture)

    def score(self, prompts: list[str], images: np.ndarray) -> Any:
        import torch
        from PIL import Image

        pixels = torch.stack([self.transform(Image.fromarray(i)) for i in images]).to(self.where, self.numbers)
        with torch.inference_mode():
            image = self.network.encode_image(pixels, normalize=True)
            text = self.network.encode_text(self.tokens(prompts).to(self.where), normalize=True)
        return (image.float() * text.float()).sum(-1)


# ImageReward's names of weights, which are BLIP's own, in transformers' words.
RENAMED = [
    (r"^blip\.", ""), (r"^visual_encoder\.blocks\.", "vision_model.encoder.layers."), (r"\.attn\.proj\.", ".self_attn.projection."), (r"\.attn\.", ".self_attn."),
    (r"\.norm([12])\.", r".layer_norm\1."), (r"^visual_encoder\.norm\.", "vision_model.post_layernorm."),
    (r"^visual_encoder\.patch_embed\.proj\.", "vision_model.embeddings.patch_embedding."),
    (r"^visual_encoder\.pos_embed$", "vision_model.embeddings.position_embedding"), (r"^visual_encoder\.cls_token$", "vision_model.embeddings.class_embedding"),
]
MEAN, DEVIATION = 0.16717362830052426, 1.0333394966054072  # of the published model's outputs, which it takes out


class ImageReward(plumb.Reward):
    """ImageReward: BLIP reads the prompt with the image before it, and a perceptron makes a number of that (Xu et al., 2023)."""

    code_version = "1"
    batch = 16
    needs_device = True
    weights: Annotated[Path, "The checkpoint.", plumb.Obtain("ImageReward.pt of THUDM/ImageReward.")]
    tokenizer: Annotated[Path, "BERT's tokenizer.", plumb.Hub("vocab.txt", "?tokenizer_config.json", "?tokenizer.json"), plumb.Obtain("google-bert/bert-base-uncased.")]

    def load(self) -> None:
        import torch
        from transformers import BertTokenizer, BlipTextConfig, BlipVisionConfig
        from transformers.models.blip.modeling_blip import BlipVisionModel
        from transformers.models.blip.modeling_blip_text import BlipTextModel

        self.where, self.numbers = plumb.device(), getattr(torch, plumb.dtype())
        with plumb.busy(f"{self.weights.name} is being read"):
            read = {}
            for name, value in weights(self.weights).items():
                for pattern, replacement in RENAMED:
                    name = re.sub(pattern, replacement, name)
                read[name] = value
            # The shapes say how large the network is; of heads both have one for 64 numbers.
            width, _, patch, _ = read["vision_model.embeddings.patch_embedding.weight"].shape
            side = round((read["vision_model.embeddings.position_embedding"].shape[1] - 1) ** 0.5)
            words, hidden = read["text_encoder.embeddings.word_embeddings.weight"].shape
            self.vision = BlipVisionModel(BlipVisionConfig(
                hidden_size=width, intermediate_size=read["vision_model.encoder.layers.0.mlp.fc1.weight"].shape[0], num_hidden_layers=depth(read, "vision_model.encoder.layers."),
                num_attention_heads=max(width // 64, 1), image_size=side * patch, patch_size=patch, layer_norm_eps=1e-6))
            self.text = BlipTextModel(BlipTextConfig(
                vocab_size=words, hidden_size=hidden, encoder_hidden_size=width, intermediate_size=read["text_encoder.encoder.layer.0.intermediate.dense.weight"].shape[0],
                num_hidden_layers=depth(read, "text_encoder.encoder.layer."), num_attention_heads=max(hidden // 64, 1),
                max_position_embeddings=read["text_encoder.embeddings.position_embeddings.weight"].shape[0]), add_pooling_layer=False)
            self.perceptron = head(hidden)
            for module, prefix in ((self.vision, "vision_model."), (self.text, "text_encoder."), (self.perceptron, "mlp.layers.")):
                absent, further = module.load_state_dict({k.removeprefix(prefix): v for k, v in read.items() if k.startswith(prefix)}, strict=False)
                further = [k for k in further if not k.endswith("position_ids")]
                if absent or further:
                    raise plumb.Error(f"{self.weights.name} is no checkpoint of ImageReward", f"Absent: {absent[:3]}; unknown: {further[:3]}.")
                module.eval().to(self.where, self.numbers)
        self.size = side * patch
        self.tokens = BertTokenizer.from_pretrained(self.tokenizer)

    def score(self, prompts: list[str], images: np.ndarray) -> Any:
        import torch
        from PIL import Image
        from torchvision.transforms import v2

        transform = v2.Compose([
            v2.Resize(self.size, interpolation=v2.InterpolationMode.BICUBIC), v2.CenterCrop(self.size), v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
        ])
        pixels = torch.stack([transform(Image.fromarray(i)) for i in images]).to(self.where, self.numbers)
        tokens = tokenized(self.tokens, prompts, 35).to(self.where)
        with torch.inference_mode():
            seen = self.vision(pixel_values=pixels).last_hidden_state
            read = self.text(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask, encoder_hidden_states=seen,
                             encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long, device=self.where)).last_hidden_state
            return (self.perceptron(read[:, 0]).float() - MEAN) / DEVIATION


def depth(read: dict[str, Any], prefix: str) -> int:
    """The number of layers whose weights begin with a prefix."""
    return 1 + max(int(k.removeprefix(prefix).partition(".")[0]) for k in read if k.startswith(prefix))


if __name__ == "__main__":
    plumb.main(ClipCosine, Pickscore, Aesthetic, Hpsv2, ImageReward)
