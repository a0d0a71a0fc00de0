"""Ten tables, as the bench's other side has them."""

from django.db import migrations, models


def table(number):
    return migrations.CreateModel(
        name=f"Item{number}",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.TextField()),
            ("amount", models.DecimalField(max_digits=12, decimal_places=2, default=0)),
            ("created_at", models.DateTimeField(auto_now_add=True)),
        ],
        options={"db_table": f"item{number}"},
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [table(number) for number in range(10)]
