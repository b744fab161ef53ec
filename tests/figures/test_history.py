from encore.figures.history import history_figure, line_styles


def test_history_has_a_panel_a_loss_and_a_line_a_run(histories, legend, drawn):
    losses = ["critic_x", "critic_z", "gan_x", "gan_z", "rec_x", "rec_z", "gamma_g"]
    figure = drawn(history_figure(histories(10, losses), "training"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == losses
    assert all(len(axes.lines) == 10 for axes in figure.axes)
    assert legend(figure) == [f"{unit}, seed 0" for unit in range(10)]
    assert [axes.get_xlabel() for axes in figure.axes] == [""] * 4 + ["iteration"] * 3
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 10


def test_history_of_runs_with_different_losses(histories):
    runs = histories(1, ["loss"]) | {"other": histories(1, ["loss", "weight"])["0, seed 0"]}
    assert [len(axes.lines) for axes in history_figure(runs, "").axes] == [2, 1]


def test_line_styles_differ_as_long_as_they_can():
    assert len(set(line_styles(21))) == 21
    assert len(line_styles(50)) == 50
