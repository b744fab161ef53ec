"""The names of the methods and where each is found. Only the one asked for is imported."""

import importlib

METHODS = {
    "piad": "encore.methods.piad:PIAD",
    "reverse_vae": "encore.methods.reverse_vae:ReverseVAE",
    "vae": "encore.methods.vae:VAE",
    "efficientgan": "encore.methods.efficientgan:EfficientGAN",
    "ifcvaegan": "encore.methods.ifcvaegan:IFcVAEGAN",
    "dualvae": "encore.methods.dualvae:DualVAE",
    "cvae": "encore.methods.cvae:CVAE",
    "fadernet": "encore.methods.fadernet:FaderNetworks",
    "stargan": "encore.methods.stargan:StarGAN",
    "attribute_classifier": "encore.methods.attribute_classifier:AttributeClassifier",
    "inception_classifier": "encore.methods.inception_classifier:InceptionClassifier",
    "ocsvm": "encore.methods.shallow:OCSVM",
    "kde": "encore.methods.shallow:KDE",
}


def load_method(name: str) -> type:
    """The class of a method."""
    module, class_name = METHODS[name].split(":")
    return getattr(importlib.import_module(module), class_name)
