"""The Gaussian latent that variational autoencoders share."""

from torch import Tensor


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, I)), nats; twice (B, latent) -> (B,)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
