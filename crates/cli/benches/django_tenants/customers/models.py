"""The tenants of the bench."""

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Client(TenantMixin):
    name = models.CharField(max_length=100)
    # The bench makes the schemas by cloning: making them is not what it measures.
    auto_create_schema = False


class Domain(DomainMixin):
    pass
