"""Template tags of the panel: figures, ages, states and the pair's picture."""

from django import template

register = template.Library()
