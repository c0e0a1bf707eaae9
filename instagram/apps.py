from django.apps import AppConfig


class InstagramConfig(AppConfig):
    """Profiles, posts, stories, and the pipeline that archives them."""

    name = "instagram"
    label = "instagram"
    verbose_name = "Archive"
