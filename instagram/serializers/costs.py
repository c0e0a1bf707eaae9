"""Costs. Money is served as text in USD, so that it is not rounded as a float."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api_logs.costs import Cost, DayCost


def usd(**options: Any) -> serializers.DecimalField:
    """A sum of money with four decimals."""
    return serializers.DecimalField(max_digits=None, decimal_places=4, **options)


class CostsQuerySerializer(serializers.Serializer[Any]):
    """How far to look back."""

    days = serializers.IntegerField(
        min_value=1, max_value=366, default=7, help_text="days of UTC, today included"
    )


class DayCostSerializer(serializers.Serializer[DayCost]):
    """One day of UTC."""

    day = serializers.DateField()
    calls = serializers.IntegerField(help_text="attempts, free ones included")
    cost = usd(help_text="USD, calls under way included")


class CostSerializer(serializers.Serializer[Cost]):
    """One endpoint or one target."""

    name = serializers.CharField()
    calls = serializers.IntegerField()
    cost = usd()


class LimitsSerializer(serializers.Serializer[Any]):
    """What staff allows a day."""

    calls_stopped = serializers.BooleanField()
    soft_cap = usd(allow_null=True, help_text="above it only stories are polled")
    hard_cap = usd(allow_null=True, help_text="above it nothing is called")


class ForecastSerializer(serializers.Serializer[Any]):
    """The polls that fall due within 24 hours."""

    calls = serializers.IntegerField()
    cost = usd()


class CostsSerializer(serializers.Serializer[Any]):
    """What the Core API cost, and what the coming day will."""

    today = DayCostSerializer()
    limits = LimitsSerializer()
    forecast = ForecastSerializer()
    days = DayCostSerializer(many=True, help_text="newest first; without those without a call")
    endpoints = CostSerializer(many=True, help_text="dearest first, as far as the log is kept")
    targets = CostSerializer(many=True, help_text="the ten dearest, as far as the log is kept")
