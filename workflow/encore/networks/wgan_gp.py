"""The Wasserstein critic's loss with gradient penalty (Gulrajani et al. 2017)."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean over samples of (||grad_v D(v)||_2 - 1)^2 at v = mix * real + (1 - mix) * fake.

    real, fake: (B, ...); mix: (B,) uniform in [0, 1], one number a sample. The norm is over all of a
    sample's elements. Differentiable with respect to the critic's parameters.
    """
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    point = (mix * real + (1 - mix) * fake).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(point).sum(), point, create_graph=True)
    norm = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return (norm - 1).square().mean()
