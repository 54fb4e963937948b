"""Products with weights that are laid out are those of the modules, which get their weights back."""

from typing import Any

import pytest
import torch
from torch.nn import functional

from nl2sql_tui.engine import products
from nl2sql_tui.engine.products import Product, can_lay_out

_DTYPES = (torch.float32, torch.bfloat16)


@pytest.fixture(params=["laid out", "as they are"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether weights are laid out, which not every computer can do."""
    if request.param == "as they are":
        monkeypatch.setattr(products, "can_lay_out", lambda _: False)
    return str(request.param)


def _linear(into: int, out: int, dtype: torch.dtype, *, bias: bool = True) -> torch.nn.Linear:
    torch.manual_seed(into + out)
    return torch.nn.Linear(into, out, bias=bias, dtype=dtype).requires_grad_(False)


@pytest.mark.parametrize("dtype", _DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.usefixtures("way")
def test_they_are_those_of_the_modules_side_by_side(dtype: torch.dtype, bias: bool) -> None:
    modules = [_linear(96, rows, dtype, bias=bias) for rows in (64, 33, 7)]
    for rows in (1, 2, 5, 40):
        states = torch.randn(rows, 96, dtype=dtype)
        expected = torch.cat([module(states) for module in modules], -1)
        product = Product(modules)
        most = 1e-5 if dtype is torch.float32 else 0.02
        torch.testing.assert_close(product(states), expected, rtol=0, atol=most)
        product.give_back()
        torch.testing.assert_close(torch.cat([module(states) for module in modules], -1), expected, rtol=0, atol=most)


@pytest.mark.parametrize("dtype", _DTYPES)
def test_weights_are_held_once(dtype: torch.dtype, way: str) -> None:
    modules = [_linear(96, 64, dtype), _linear(96, 32, dtype)]
    before = [module.weight.clone() for module in modules]
    product = Product(modules)
    assert product.is_laid_out == (way == "laid out" and can_lay_out(dtype))
    for module, weight in zip(modules, before, strict=True):
        assert module.weight.shape == weight.shape
        if product.is_laid_out:
            assert module.weight.untyped_storage().nbytes() <= 4
        else:
            assert torch.equal(module.weight, weight)
            assert module.weight.untyped_storage().nbytes() == 96 * 96 * dtype.itemsize
    product.give_back()
    assert all(torch.equal(module.weight, weight) for module, weight in zip(modules, before, strict=True))


def test_what_is_shared_stays_and_is_copied_if_it_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    module = _linear(96, 64, torch.float32)
    before, states = module.weight.clone(), torch.randn(3, 96)
    for most in (1 << 20, 100):
        monkeypatch.setattr(products, "_MOST_COPIED", most)
        product = Product([module], is_shared=True)
        assert product.is_laid_out == (most > 100 and can_lay_out(torch.float32))
        torch.testing.assert_close(product(states), functional.linear(states, before, module.bias), rtol=0, atol=1e-5)
        assert torch.equal(module.weight, before)
        product.give_back()
        assert torch.equal(module.weight, before)


def test_without_the_library_weights_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise RuntimeError("not on this computer")

    can_lay_out.cache_clear()
    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", refused, raising=False)
    try:
        assert not can_lay_out(torch.float32)
    finally:
        can_lay_out.cache_clear()
