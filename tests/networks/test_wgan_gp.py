"""The gradient penalty against critics whose gradient is known in closed form."""

import torch

from encore.networks.wgan_gp import gradient_penalty


def test_linear_critic():
    """D(x) = <w, x> has the gradient w everywhere, so the penalty is (||w|| - 1)^2."""
    w = torch.tensor([[3.0, 4.0], [0.0, 12.0]], dtype=torch.float64)  # norm 13
    real, fake = torch.randn(2, 6, 2, 2, dtype=torch.float64)
    penalty = gradient_penalty(
        lambda x: (x * w).flatten(1).sum(1), real, fake, torch.rand(6, dtype=torch.float64)
    )
    torch.testing.assert_close(penalty, torch.tensor(144.0, dtype=torch.float64))


def test_quadratic_critic_sees_one_mix_a_sample():
    """D(x) = |x|^2 / 2 has the gradient x: the penalty is the mean of (||mixed sample|| - 1)^2."""
    torch.manual_seed(0)
    real, fake = torch.randn(2, 4, 3, 2, 2, dtype=torch.float64)
    mix = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
    expected = 0.0
    for r, f, m in zip(real, fake, mix, strict=True):
        expected += ((m * r + (1 - m) * f).square().sum().sqrt() - 1) ** 2 / 4
    penalty = gradient_penalty(lambda x: x.flatten(1).square().sum(1) / 2, real, fake, mix)
    torch.testing.assert_close(penalty, expected, rtol=0, atol=1e-12)


def test_it_reaches_the_critics_parameters():
    w = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    samples = torch.randn(2, 5, 2, dtype=torch.float64)
    gradient_penalty(lambda x: x @ w, *samples, torch.rand(5, dtype=torch.float64)).backward()
    # d/dw (||w|| - 1)^2 = 2 (||w|| - 1) w / ||w||
    torch.testing.assert_close(w.grad, 2 * 4 * w.detach() / 5)
