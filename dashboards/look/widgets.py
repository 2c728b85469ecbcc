"""The widgets that pages use, by the names they have. Their constructors bear no types, so here they are ``Any``."""

from __future__ import annotations

from typing import Any

import panel_material_ui
from panel import pane
from panel import widgets as panel_widgets
from panel_material_ui.template.base import Page as _Page

Bokeh: Any = pane.Bokeh
Button: Any = panel_material_ui.Button
Dialog: Any = panel_material_ui.Dialog
HTML: Any = pane.HTML
Page: Any = _Page
Paper: Any = panel_material_ui.Paper
RadioButtonGroup: Any = panel_material_ui.RadioButtonGroup
Select: Any = panel_material_ui.Select
Switch: Any = panel_material_ui.Switch
Tabulator: Any = panel_widgets.Tabulator
TextInput: Any = panel_material_ui.TextInput
