"""The Gaussian latent of autoencoders: its draws, and how far it is from the prior."""

from torch import Tensor


def draw(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """z ~ N(mean, variance) from noise ~ N(0, I), all (B, latent); noise may be one for all, (latent,)."""
    return mean + (log_variance / 2).exp() * noise


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, I)), nats; twice (B, latent) -> (B,)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
