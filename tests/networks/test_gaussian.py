"""The Gaussian latent: its divergence from the prior against torch's distributions in float64."""

import torch
from torch.distributions import Normal, kl_divergence

from encore.networks.gaussian import divergence


def test_divergence_is_that_of_two_gaussians():
    mean, log_variance = torch.randn(2, 5, 7, dtype=torch.float64)
    q, p = Normal(mean, (log_variance / 2).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean))
    torch.testing.assert_close(divergence(mean, log_variance), kl_divergence(q, p).sum(1))
