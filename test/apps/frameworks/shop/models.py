from django.db import models


class Author(models.Model):
    uid = models.UUIDField(unique=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    joined_at = models.DateTimeField()
    birthday = models.DateField(null=True)
    wakes_at = models.TimeField()
    works = models.DurationField()
    active = models.BooleanField(default=True)
    settings = models.JSONField()
    balance = models.DecimalField(max_digits=12, decimal_places=2)
    points = models.BigIntegerField()
    avatar = models.BinaryField(null=True)


class Tag(models.Model):
    name = models.SlugField(unique=True)


class Post(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="posts")
    title = models.CharField(max_length=200)
    body = models.TextField(null=True)
    rating = models.FloatField()
    published_at = models.DateTimeField(null=True, db_index=True)
    tags = models.ManyToManyField(Tag)
