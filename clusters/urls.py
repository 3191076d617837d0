from django.urls import path

from clusters.views import audit, clients, cluster, door, fleet, history, people, search, settings, tables, taken_up

urlpatterns = [
    path("", fleet.fleet_page, name="fleet"),
    path("c/<slug:slug>/", cluster.cluster_page, name="cluster"),
    path("c/<slug:slug>/volumes/<str:name>/", cluster.volume_page, name="volume"),
    path("c/<slug:slug>/exports/<int:fsid>/", cluster.export_page, name="export"),
    path("c/<slug:slug>/clients/", clients.clients_page, name="clients"),
    path("c/<slug:slug>/failovers/", history.cluster_history_page, name="cluster-history"),
    path("volumes/", tables.volumes_page, name="volumes"),
    path("exports/", tables.exports_page, name="exports"),
    path("failovers/", history.history_page, name="history"),
    path("audit/", audit.audit_page, name="audit"),
    path("audit/export/", audit.audit_export, name="audit-export"),
    path("audit/<int:sequence>/", audit.audit_entry_page, name="audit-entry"),
    path("people/", people.people_page, name="people"),
    path("people/<str:name>/", people.person_page, name="person"),
    path("people/<str:name>/level/", people.person_level, name="person-level"),
    path("people/<str:name>/active/", people.person_active, name="person-active"),
    path("search/", search.search_page, name="search"),
    path("settings/", settings.settings_page, name="settings"),
    path("sign-in/", door.sign_in, name="sign-in"),
    path("sign-out/", door.sign_out, name="sign-out"),
    path("theme/", door.theme, name="theme"),
    path("typed/", taken_up.take_up, name="typed"),
]
