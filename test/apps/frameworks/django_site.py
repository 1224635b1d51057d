"""The same three verbs as the programs beside this one, by Django's models: make, seed N, read."""

import json
import os
import sys
import uuid
from base64 import b64decode
from datetime import date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command


def database(url):
    if url.startswith("file:"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("file:")}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": unquote(parts.password or ""),
    }


settings.configure(
    DATABASES={"default": database(os.environ["DATABASE_URL"])},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "shop"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    TIME_ZONE="America/New_York",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import Permission, User  # noqa: E402
from shop.models import Author, Post, Tag  # noqa: E402


def make():
    call_command("makemigrations", "shop", verbosity=0)
    call_command("migrate", verbosity=0)


def moment(text):
    return None if text is None else datetime.fromisoformat(text)


def seed(number):
    given = json.loads(Path(__file__).with_name("data.json").read_text())[number]
    author = Author.objects.create(
        uid=uuid.uuid5(uuid.NAMESPACE_URL, given["email"]),
        email=given["email"],
        name=given["name"],
        joined_at=moment(given["joinedAt"]) + timedelta(microseconds=1),
        birthday=date.fromisoformat(given["birthday"]),
        wakes_at=time(6, 30, 0, int(number)),
        works=timedelta(days=-int(number), hours=7, microseconds=1),
        active=given["active"],
        settings=given["settings"],
        balance=given["balance"],
        points=given["points"],
        avatar=None if given["avatar"] is None else b64decode(given["avatar"]),
    )
    for one in given["posts"]:
        post = author.posts.create(
            title=one["title"], body=one["body"], rating=one["rating"], published_at=moment(one["publishedAt"])
        )
        post.tags.set([Tag.objects.get_or_create(name=name)[0] for name in one["tags"]])
    User.objects.create_user(f"user{number}", given["email"], "Rocket-Salad-7").user_permissions.add(
        Permission.objects.get(codename="add_post")
    )


def rows(model):
    return list(model.objects.order_by("pk").values())


def read():
    return {
        "authors": rows(Author),
        "posts": rows(Post),
        "tags": rows(Tag),
        "links": list(Post.tags.through.objects.order_by("pk").values()),
        "permissions": rows(Permission),
        "users": [
            {
                "name": user.username,
                "joined": None if user.date_joined is None else user.date_joined.tzinfo is not None,
                "knows its password": user.check_password("Rocket-Salad-7"),
                "may": sorted(user.get_all_permissions()),
            }
            for user in User.objects.order_by("pk")
        ],
    }


def typed(value):
    """Values with their types, which JSON has no words for."""
    if isinstance(value, (bytes, memoryview)):
        return {"bytes": bytes(value).hex()}
    return {type(value).__name__: str(value)}


def main():
    verb, *number = sys.argv[1:]
    if verb == "make":
        make()
    elif verb == "seed":
        seed(*number)
    else:
        print(json.dumps(read(), default=typed))


main()
