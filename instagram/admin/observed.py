"""The fields of profiles and posts that tell when we saw what."""

OBSERVED = (
    "availability", "last_seen_at", "first_missed_at", "confirmed_at", "created_at", "updated_at",
    "api_updated_at",
)  # fmt: skip
