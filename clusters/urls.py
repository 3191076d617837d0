from django.urls import path

from clusters.views import cluster, door, fleet, history

urlpatterns = [
    path("", fleet.fleet_page, name="fleet"),
    path("c/<slug:slug>/", cluster.cluster_page, name="cluster"),
    path("c/<slug:slug>/volumes/<str:name>/", cluster.volume_page, name="volume"),
    path("c/<slug:slug>/exports/<int:fsid>/", cluster.export_page, name="export"),
    path("failovers/", history.history_page, name="history"),
    path("c/<slug:slug>/failovers/", history.cluster_history_page, name="cluster-history"),
    path("sign-in/", door.sign_in, name="sign-in"),
    path("sign-out/", door.sign_out, name="sign-out"),
    path("theme/", door.theme, name="theme"),
]
